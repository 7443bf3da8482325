import { credentials } from "@grpc/grpc-js";
import { LanguageRuntimeClient } from "@pulumi/pulumi/proto/language_grpc_pb.js";
import { RunRequest } from "@pulumi/pulumi/proto/language_pb.js";
import { kill, runSdkScript } from "./node-process.js";
import type { Config, Project } from "./project.js";

export interface ProgramOptions {
  project: Project;
  stack: string;
  config: Config;
  dryRun: boolean;
  parallel: number;
  engineAddress: string;
  output: (stream: "stdout" | "stderr", text: string) => void;
}

/** How a program ended; `error` is undefined when it ended well. `reported`: it has told the engine why itself. */
export interface ProgramEnd {
  error: string | undefined;
  reported: boolean;
}

export interface RunningProgram {
  ended: Promise<ProgramEnd>;
  kill(): Promise<void>;
}

/** What `cmd/run` exits with after it has logged an error itself. */
const errorWasLogged = 32;

/** Runs the program by the SDK's `cmd/run`, as Pulumi's language host for Node.js does. */
export function runProgram(options: ProgramOptions): RunningProgram {
  const { project, stack, config, dryRun, parallel, engineAddress } = options;
  const { typescript, tsconfig, nodeargs } = project.runtimeOptions;
  const args = [
    ...["--monitor", engineAddress, "--engine", engineAddress, "--organization", "organization"],
    ...["--project", project.name, "--root-directory", project.root, "--stack", stack],
    ...["--pwd", project.programFolder, ...(dryRun ? ["--dry-run"] : []), "--parallel", String(parallel)],
    project.entryPoint,
  ];
  const env = {
    PULUMI_CONFIG: JSON.stringify(Object.fromEntries(Object.entries(config).map(([key, { value }]) => [key, value]))),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(secretKeys(config)),
    ...(typescript !== false && { PULUMI_NODEJS_TYPESCRIPT: "true" }),
    ...(typeof tsconfig === "string" && { PULUMI_NODEJS_TSCONFIG_PATH: tsconfig }),
  };
  const nodeArgs = typeof nodeargs === "string" ? nodeargs.split(/\s+/).filter(Boolean) : [];
  const child = runSdkScript("cmd/run", project.programFolder, args, env, nodeArgs);
  child.stdout.setEncoding("utf8").on("data", (text: string) => options.output("stdout", text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => options.output("stderr", text));
  const ended = new Promise<ProgramEnd>((resolve) => {
    child.on("error", (error) => resolve({ error: `could not start the program: ${error.message}`, reported: false }));
    child.on("close", (code, signal) => {
      if (code === 0) {
        resolve({ error: undefined, reported: false });
        return;
      }
      const how = code === null ? `killed by ${signal ?? "a signal"}` : `exited with non-zero exit code: ${code}`;
      resolve({ error: `an unhandled error occurred: program ${how}`, reported: code === errorWasLogged });
    });
  });
  return { ended, kill: () => kill(child) };
}

/** Runs a program that lives in the calling process (an inline program of the Automation API), which serves `address`. */
export function runInlineProgram(options: ProgramOptions, address: string): RunningProgram {
  const client = new LanguageRuntimeClient(address, credentials.createInsecure(), {
    "grpc.max_receive_message_length": -1,
  });
  const request = new RunRequest();
  request.setProject(options.project.name);
  request.setStack(options.stack);
  request.setPwd(options.project.programFolder);
  request.setProgram(options.project.entryPoint);
  request.setArgsList([options.engineAddress]);
  request.setMonitorAddress(options.engineAddress);
  request.setDryrun(options.dryRun);
  request.setParallel(options.parallel);
  request.setOrganization("organization");
  request.setConfigsecretkeysList(secretKeys(options.config));
  for (const [key, { value }] of Object.entries(options.config)) request.getConfigMap().set(key, value);
  const ended = new Promise<ProgramEnd>((resolve) => {
    client.run(request, (error, response) => {
      const message = error ? error.details : response.getError();
      resolve({ error: message === "" ? undefined : message, reported: !error && response.getBail() });
    });
  });
  return {
    ended,
    kill: () => {
      client.close();
      return Promise.resolve();
    },
  };
}

function secretKeys(config: Config): string[] {
  return Object.keys(config).filter((key) => config[key]?.secret);
}
