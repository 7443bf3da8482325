import { ExitStatus } from "./exit-status.js";

/** Runs work under ^C and SIGTERM: the first asks it to end early, the second ends the process at once. */
export async function withInterrupts<T>(work: () => Promise<T>, cancel: () => void): Promise<T> {
  let received = 0;
  const onSignal = () => {
    received++;
    if (received > 1) {
      console.log("^C received; terminating");
      process.exit(ExitStatus.internal);
    }
    console.log(
      "^C received; cancelling. If you would like to terminate immediately, press ^C again.\n" +
        "Note that terminating immediately may lead to orphaned resources and other inconsistencies.\n",
    );
    cancel();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  try {
    return await work();
  } finally {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  }
}
