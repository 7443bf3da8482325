import { expect } from "chai";
import { pino } from "pino";
import type { Lab } from "../../../lab/lab.js";
import { Agent } from "../../../reconciler/agent/agent.js";
import { parseAgentSettings } from "../../../reconciler/agent/options.js";
import { noEvents } from "../../../reconciler/service/events.js";
import { noMetrics } from "../../../reconciler/agent/service/metrics.js";
import { kernelUsers } from "../../kernel-users.js";
import { sharedLab } from "../../shared-lab.js";
import { kernelWith } from "../../unit/agent/kernel.js";

describe("an agent that does not know yet who uses VFs", () => {
  let lab: Lab;
  let agent: Agent;
  let started: Promise<unknown>;
  const known = Promise.withResolvers<undefined>();
  const asked: string[] = [];

  before(async () => {
    lab = await sharedLab();
    await lab.addSimulatedNode("n-hasty", { agent: false });
    const nothing = {
      physicalFunctions: [],
      incapable: [],
      defaultRouteInterfaces: [],
      interfaceAddresses: {},
      unreadable: [],
    };
    const scan = () => {
      asked.push("scan");
      return Promise.resolve(nothing);
    };
    agent = new Agent(
      {
        client: lab.client,
        kernel: kernelWith({ scan }),
        log: pino({ enabled: false }),
        users: { ...kernelUsers, start: () => known.promise },
        events: noEvents,
        metrics: noMetrics,
      },
      parseAgentSettings(["--node-name", "n-hasty"], {}),
    );
    started = agent.start();
  });
  after(() => agent.stop());

  it("looks at no hardware when somebody asks it to, since changes begin with that", async () => {
    await agent.look();
    expect(asked).to.deep.equal([]);
    expect(agent.waitsFor()).not.to.deep.equal([]);
  });

  it("looks as soon as it knows", async () => {
    known.resolve(undefined);
    await started;
    expect(asked).to.deep.equal(["scan"]);
  });
});
