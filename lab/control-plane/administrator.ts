import { request } from "node:https";
import type { Credentials } from "./certificate-authority.js";

export interface AdministratorOptions {
  readonly server: string;
  readonly caPem: string;
  readonly credentials: Credentials;
}

/** The few requests that the control plane makes to itself. A new connection each: the server may come and go. */
export class Administrator {
  constructor(private readonly options: AdministratorOptions) {}

  /** Sends and expects JSON. Rejects where there is no answer within five seconds. */
  ask(method: "GET" | "POST", path: string, body?: object): Promise<Answer> {
    const { server, caPem: ca, credentials } = this.options;
    const { certificatePem: cert, keyPem: key } = credentials;
    const headers = { accept: "application/json", "content-type": "application/json" };
    const settings = { method, headers, ca, cert, key, agent: false, timeout: 5_000 };
    return new Promise((resolve, reject) => {
      const asking = request(new URL(path, server), settings, (answer) => {
        let text = "";
        answer.setEncoding("utf8");
        answer.on("data", (part: string) => (text += part));
        answer.on("error", reject);
        answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text }));
      });
      asking.on("timeout", () => asking.destroy(new Error(`${server} did not answer within 5 s`)));
      asking.on("error", reject);
      asking.end(body && JSON.stringify(body));
    });
  }
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}
