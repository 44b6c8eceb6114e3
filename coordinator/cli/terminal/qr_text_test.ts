import assert from "node:assert/strict";
import { generate } from "lean-qr";
import { qrText } from "./console.ts";

const link = "http://192.168.1.20:8000/join";

Deno.test("qrText draws every module, dark on bright, within its quiet zone", () => {
  const code = generate(link);
  const lines = qrText(link).split("\n");
  const modules = lines.flatMap((line) => {
    assert.ok(line.startsWith("\x1b[30;107m") && line.endsWith("\x1b[0m"));
    const cells = [...line.slice("\x1b[30;107m".length, -"\x1b[0m".length)];
    return [
      cells.map((cell) => "█▀".includes(cell)),
      cells.map((cell) => "█▄".includes(cell)),
    ];
  });
  const side = code.size + 8;
  assert.equal(lines.length, Math.ceil(side / 2));
  for (let y = 0; y < modules.length; y++) {
    assert.equal(modules[y]?.length, side);
    for (let x = 0; x < side; x++) {
      assert.equal(modules[y]?.[x], code.get(x - 4, y - 4), `${x}, ${y}`);
    }
  }
  assert.ok(modules.flat().some((dark) => dark));
});
