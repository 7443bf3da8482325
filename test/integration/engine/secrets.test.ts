import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { Crypter } from "../../../lab/engine/secrets.js";
import { Sandbox } from "./sandbox.js";

describe("stand-in engine: secrets", function () {
  this.timeout(120_000);
  let box: Sandbox;
  beforeEach(async () => (box = await Sandbox.withStack()));
  afterEach(() => box.remove());

  const declareSecret = async () => {
    await box.must("config", "set", "--secret", "password", "hunter2");
    box.declare({
      name: "a",
      args: { name: "a", secret: { config: "password" }, note: "classified" },
      opts: { additionalSecretOutputs: ["note"] },
    });
  };

  it("encrypts them in the configuration file", async () => {
    await box.must("config", "set", "--secret", "password", "hunter2");
    expect(readFileSync(join(box.program, "Pulumi.dev.yaml"), "utf8"))
      .to.match(/secure: v1:/)
      .and.not.to.contain("hunter2");
    expect(await box.must("config", "get", "password")).to.equal("hunter2\n");
  });

  it("encrypts them in the state, outputs of the same name too", async () => {
    await declareSecret();
    await box.mustUp();
    expect(readFileSync(box.stateFile, "utf8")).not.to.contain("hunter2");
    expect(box.resource("a")?.outputs?.["secret"]).to.have.property("ciphertext");
  });

  it("encrypts outputs that the program calls secret", async () => {
    await declareSecret();
    await box.mustUp();
    expect(box.resource("a")?.outputs?.["note"]).to.have.property("ciphertext");
    expect(box.resource("a")?.inputs?.["note"]).to.equal("classified");
  });

  it("encrypts secret configuration in the default provider's inputs", async () => {
    await declareSecret();
    await box.mustUp();
    expect(box.resource("default")?.inputs?.["things:password"]).to.have.property("ciphertext");
  });

  it("gives the provider the value in clear", async () => {
    await declareSecret();
    await box.mustUp();
    expect(box.calls().find(({ call }) => call === "create")?.inputs).to.include({ secret: "hunter2" });
  });

  it("shows them as [secret]", async () => {
    await declareSecret();
    const outcome = await box.run("preview", "--diff");
    expect(outcome.stdout)
      .to.match(/ secret +: \[secret\]\n/)
      .and.not.to.contain("hunter2");
    expect((await box.run("preview", "--json")).stdout).not.to.contain("hunter2");
  });

  it("prints an output in clear only when asked", async () => {
    await declareSecret();
    box.configure({ outputs: { password: { ref: "a.secret" } } });
    await box.mustUp();
    expect(JSON.parse(await box.must("stack", "output", "--json"))).to.deep.equal({ password: "[secret]" });
    expect(JSON.parse(await box.must("stack", "output", "--json", "--show-secrets"))).to.deep.equal({
      password: "hunter2",
    });
  });

  it("exports them in clear only when asked", async () => {
    await declareSecret();
    await box.mustUp();
    expect(await box.must("stack", "export")).not.to.contain("hunter2");
    expect(await box.must("stack", "export", "--show-secrets")).to.contain(String.raw`"plaintext": "\"hunter2\""`);
  });

  it("imports an export in clear and encrypts it again", async () => {
    await declareSecret();
    await box.mustUp();
    const file = join(box.root, "export.json");
    await box.must("stack", "export", "--show-secrets", "--file", file);
    await box.must("stack", "import", "--file", file);
    expect(readFileSync(box.stateFile, "utf8")).not.to.contain("hunter2");
    expect(await box.mustUp()).to.contain("2 unchanged");
  });

  it("refuses a wrong passphrase", async () => {
    await box.must("config", "set", "--secret", "password", "hunter2");
    const { outcome } = box.startWith({ PULUMI_CONFIG_PASSPHRASE: "wrong" }, "config", "get", "password");
    const { status, stderr } = await outcome;
    expect([status, stderr]).to.deep.equal([1, "error: incorrect passphrase\n"]);
  });

  it("opens what Pulumi's own passphrase provider has sealed", () => {
    process.env["PULUMI_CONFIG_PASSPHRASE"] = "correct horse";
    const crypter = Crypter.open("v1:0h0Diwja1o0=:v1:vyDn+WeegoZHwoYC:hoHUh3yAI5mCNPFjTqqXY4ug4Uew0g==");
    expect(crypter.decrypt("v1:bu/8PvDHRO5sACnT:EPIlTPX2UDDNf/PbC4m15RGUjnOYWHM=")).to.equal("hunter2");
  });
});
