import { useState } from "preact/hooks";
import { updateAddress } from "./address.ts";

/**
 * A visitor's choice that stands in the page's address under `name`, so that a
 * link shows what its sender saw; null where nothing was chosen.
 */
export function useQuery(name: string) {
  const [value, setValue] = useState(() =>
    new URLSearchParams(location.search).get(name)
  );
  const choose = (next: string | null) => {
    setValue(next);
    updateAddress((query) =>
      next === null ? query.delete(name) : query.set(name, next)
    );
  };
  return [value, choose] as const;
}
