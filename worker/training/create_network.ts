import type { NetworkName } from "../../coordinator/protocol/study.ts";
import { createFusedNetwork } from "./net_fused.ts";
import { createLayersNetwork } from "./net_layers.ts";
import { createScratchNetwork } from "./net_scratch.ts";
import type { Network, NetworkOptions } from "./network.ts";

/** The network that a recipe names, on the current backend. */
export function createNetwork(
  name: NetworkName,
  options: NetworkOptions,
): Network {
  switch (name) {
    case "fused":
      return createFusedNetwork(options);
    case "scratch":
      return createScratchNetwork(options);
    case "layers":
      return createLayersNetwork(options);
    default:
      return name satisfies never;
  }
}
