import { connect } from "node:net";
import { LinuxKernel } from "../../../reconciler/kernel/linux/linux-kernel.js";
import { serveCalls } from "./serve.js";

/** The program for a guest: `kernel-in-guest.js HOST PORT` lets whoever listens there call the guest's own kernel. */
const [host, port] = process.argv.slice(2);
if (host === undefined || port === undefined) throw new Error("usage: kernel-in-guest.js HOST PORT");
const socket = connect({ host, port: Number(port) });
socket.on("close", () => process.exit());
serveCalls(new LinuxKernel(), socket);
