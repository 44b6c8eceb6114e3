import { simdConformance } from "./conformance.ts";

simdConformance("plain");
