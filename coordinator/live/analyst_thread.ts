import * as Comlink from "comlink";
import { stepBack } from "../thread_priority.ts";
import { createAnalyst } from "./analyst.ts";

/** An analyst's thread; `spawn_analyst.ts` is the other side. */
stepBack();
Comlink.expose(createAnalyst());
