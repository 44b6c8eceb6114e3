import type { ComponentChildren, JSX } from "preact";
import type { StudyId } from "../../protocol/ids.ts";
import type { Params } from "../../protocol/study.ts";
import { pointLink } from "./links.ts";

/** Leads to a grid point's page; in a report on a disk there is none. */
export function PointAnchor(
  { study, params, children, ...rest }: {
    readonly study: StudyId;
    readonly params: Params;
    readonly children: ComponentChildren;
    readonly class?: string;
    readonly title?: string;
  },
): JSX.Element {
  return location.protocol === "file:"
    ? <span {...rest}>{children}</span>
    : <a href={pointLink(study, params)} {...rest}>{children}</a>;
}
