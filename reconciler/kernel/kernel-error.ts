/** What the kernel answered, with the errno's name, the file, and what was being done. */
export class KernelError extends Error {
  override readonly name = "KernelError";

  constructor(
    /** The errno's name, such as `EBUSY`; `ETIMEDOUT` where a deadline of ours passed. */
    readonly code: string,
    /** The file that was read or written. */
    readonly path: string,
    /** What was being done: `read`, `write 6`. */
    readonly operation: string,
    options?: ErrorOptions,
  ) {
    super([`${operation} ${path}: ${describeErrno(code)}`, adviceOn(code, path)].join(""), options);
  }
}

const ERRNO_WORDS: Readonly<Record<string, string>> = {
  EBUSY: "device or resource busy (EBUSY)",
  ENOENT: "no such file or directory (ENOENT)",
  ENODEV: "no such device (ENODEV)",
  ERANGE: "numerical result out of range (ERANGE)",
  EINVAL: "invalid argument (EINVAL)",
  EPERM: "operation not permitted (EPERM)",
  EACCES: "permission denied (EACCES)",
  EROFS: "read-only file system (EROFS)",
  EIO: "input/output error (EIO)",
  ENOSPC: "no space left on device (ENOSPC)",
  EISDIR: "is a directory (EISDIR)",
  EAGAIN: "resource temporarily unavailable (EAGAIN)",
  ENOMEM: "cannot allocate memory (ENOMEM)",
  EKEYREJECTED: "key was rejected (EKEYREJECTED)",
  ETIMEDOUT: "no answer before the deadline (ETIMEDOUT)",
};

function describeErrno(code: string): string {
  return ERRNO_WORDS[code] ?? code;
}

/** What to do, where the errno and the file alone tell that: a mount or a module is missing. */
function adviceOn(code: string, path: string): string {
  const advice = ADVICE.find((entry) => entry.codes.includes(code) && entry.path.test(path));
  return advice === undefined ? "" : `; ${advice.words(path)}`;
}

interface Advice {
  readonly codes: readonly string[];
  readonly path: RegExp;
  readonly words: (path: string) => string;
}

const DRIVER = /\/bus\/pci\/drivers\/[^/]+$/;

const ADVICE: readonly Advice[] = [
  {
    codes: ["ENOENT", "ENOTDIR"],
    path: /\/1\/net\/route$/,
    words: (path) => `${path.replace(/\/1\/net\/route$/, "")} is not the host's procfs: mount the host's /proc there`,
  },
  {
    codes: ["ENOENT"],
    path: /\/class\/net$/,
    words: (path) => `${path.replace(/\/class\/net$/, "")} is no sysfs: mount the host's /sys there`,
  },
  {
    codes: ["ENOENT"],
    path: /\/1\/mountinfo$/,
    words: (path) => `${path.replace(/\/1\/mountinfo$/, "")} is not the host's procfs: mount the host's /proc there`,
  },
  {
    codes: ["ENOENT"],
    path: /^modprobe$/,
    words: () => "there is no such program here: load the module on the node, and list it in /etc/modules-load.d",
  },
  {
    codes: ["ENOENT"],
    path: DRIVER,
    words: () =>
      "the node's kernel has no such module: install what has it (linux-modules-extra, say), or another kernel",
  },
  {
    codes: ["EPERM", "EACCES", "EKEYREJECTED"],
    path: DRIVER,
    words: (path) =>
      `modules may not be loaded from here (that needs CAP_SYS_MODULE and a kernel that is not locked down): load it on ` +
      `the node (modprobe ${lastPart(path)}), and list it in /etc/modules-load.d`,
  },
  {
    codes: ["ENODEV"],
    path: DRIVER,
    words: (path) => `load the driver: modprobe ${lastPart(path)}`,
  },
  {
    codes: ["ENODEV"],
    path: /\/driver$/,
    words: () => "the driver did not take it, and the kernel's log says why (vfio-pci needs an IOMMU)",
  },
];

function lastPart(path: string): string {
  return path.replace(/.*\//, "");
}
