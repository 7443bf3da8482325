import { expect } from "chai";
import { X509Certificate } from "node:crypto";
import { selfSignedCertificate } from "../../../reconciler/service/serving-certificate.js";

describe("a certificate that is made here", () => {
  let certificate: X509Certificate;
  let key: string;
  const before = Date.now();

  beforeEach(async () => {
    const made = await selfSignedCertificate(["node1", "10.0.0.1"], 86_400_000);
    certificate = new X509Certificate(made.cert);
    ({ key } = made);
  });

  it("is signed by its own key", () => {
    expect(certificate.verify(certificate.publicKey)).to.equal(true);
    expect(key).to.match(/^-----BEGIN PRIVATE KEY-----/);
  });

  it("is for all of its names", () => {
    expect(certificate.checkHost("node1")).to.equal("node1");
    expect(certificate.checkIP("10.0.0.1")).to.equal("10.0.0.1");
  });

  it("is no authority, so that who trusts it trusts nothing else", () => expect(certificate.ca).to.equal(false));

  it("is valid for clocks that are late, and as long as was asked for", () => {
    expect(certificate.validFromDate.getTime()).to.be.at.most(before - 3_500_000);
    expect(certificate.validToDate.getTime()).to.be.within(before + 86_390_000, Date.now() + 86_400_000);
  });
});
