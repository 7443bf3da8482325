/** etcd listens in its working directory only; the number after the colon is part of the socket's file name. */
export const etcdEndpoint = "unix://etcd.sock:1";

/** For a working directory of its own. Data is not forced to the disk: it doesn't outlive the run. */
export function etcdArguments(): string[] {
  const peer = "unix://etcd-peer.sock:1";
  return [
    "--data-dir=etcd",
    "--unsafe-no-fsync",
    `--listen-client-urls=${etcdEndpoint}`,
    `--advertise-client-urls=${etcdEndpoint}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    "--log-level=warn",
  ];
}
