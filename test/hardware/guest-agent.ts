/**
 * What the guest's own tests start in the agent's place: says what Node sees of the guest's sysfs to a server on the
 * host, over TLS, then waits for a signal.
 */
export const guestAgent = `
const fs = require("node:fs");
const https = require("node:https");
const [url, caFile] = process.argv.slice(2);
const devices = "/sys/bus/pci/devices";
const seen = fs.readdirSync(devices).filter((address) => fs.existsSync(devices + "/" + address + "/sriov_totalvfs"));
const request = https.request(url, { method: "POST", ca: fs.readFileSync(caFile) });
request.on("error", (error) => console.log("POST failed: " + error.message));
request.end(JSON.stringify({ node: process.version, hostname: require("node:os").hostname(), seen }));
process.on("SIGTERM", () => process.exit(0));
setInterval(() => {}, 60000);
console.log("started");
`;
