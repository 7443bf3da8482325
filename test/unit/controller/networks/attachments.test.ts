import { expect } from "chai";
import type { NetworkAttachmentDefinition } from "../../../../api/network-attachment-definition.js";
import type { KubeClient } from "../../../../kube/client.js";
import { ApiError } from "../../../../kube/errors.js";
import { Attachments } from "../../../../reconciler/controller/networks/attachments.js";
import { attachmentOf, network } from "./network.js";

const wanted = attachmentOf(network());
const existing: NetworkAttachmentDefinition = {
  ...wanted,
  metadata: { ...wanted.metadata, uid: "uid-9", resourceVersion: "42" },
};

describe("an attachment is written", () => {
  const requests: { metadata: unknown; force: boolean | undefined }[] = [];
  let answer: () => Promise<NetworkAttachmentDefinition>;
  let attachments: Attachments;

  beforeEach(() => {
    requests.length = 0;
    answer = () => Promise.resolve(existing);
    const apply = (_: unknown, { metadata }: NetworkAttachmentDefinition, { force }: { force?: boolean }) => {
      requests.push({ metadata, force });
      return answer();
    };
    attachments = new Attachments({
      client: { apply: apply as unknown as KubeClient["apply"], get: notUsed, delete: notUsed },
      informer: { get: () => undefined, observe: () => undefined },
      signal: new AbortController().signal,
    });
  });

  it("without force where none is there, so that one that comes in that moment is not overwritten", async () => {
    await attachments.apply(wanted, undefined);
    expect(requests).to.deep.equal([{ metadata: wanted.metadata, force: false }]);
  });

  it("with force where one is there, if that is still the one that was seen", async () => {
    await attachments.apply(wanted, existing);
    expect(requests).to.deep.equal([
      { metadata: { ...wanted.metadata, uid: "uid-9", resourceVersion: "42" }, force: true },
    ]);
  });

  it("not at all where another is there than was seen, which is to be looked at", async () => {
    answer = () => Promise.reject(new ApiError("changed meanwhile", 409, {}));
    expect(await attachments.apply(wanted, existing)).to.equal(undefined);
  });
});

const notUsed = (): Promise<never> => Promise.reject(new Error("not asked for"));
