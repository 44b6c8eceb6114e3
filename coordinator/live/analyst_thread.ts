import * as Comlink from "comlink";
import { createAnalyst } from "./analyst.ts";

/** An analyst's thread; `spawn_analyst.ts` is the other side. */
Comlink.expose(createAnalyst());
