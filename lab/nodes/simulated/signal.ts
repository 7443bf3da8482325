/** Something that happens once. */
export class Signal {
  raise: () => void = () => undefined;
  readonly raised = new Promise<undefined>((resolve) => {
    this.raise = () => resolve(undefined);
  });
}
