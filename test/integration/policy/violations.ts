import { type ResourceValidationArgs, type ResourceValidationPolicy, unknownCheckingProxy } from "@pulumi/policy";

/** What a rule has against a resource of this package with these inputs. */
export async function violationsOf(
  policy: ResourceValidationPolicy | undefined,
  type: string,
  props: object,
  config: object = {},
): Promise<string[]> {
  if (policy === undefined) throw new Error("there is no such rule");
  const violations: string[] = [];
  const args: Partial<ResourceValidationArgs> = {
    type: `pulumi-nodejs:dynamic/sriov:${type}`,
    props: inPreview(props),
    getConfig: () => config as never,
  };
  // The rest of what an engine gives is for rules that look at more than type and inputs.
  for (const validate of [policy.validateResource ?? []].flat())
    await validate(args as ResourceValidationArgs, (violation) => void violations.push(violation));
  return violations;
}

/** Properties as a policy is given them in a preview. The package exports the function without its type. */
export const inPreview = unknownCheckingProxy as (props: object) => Record<string, unknown>;
