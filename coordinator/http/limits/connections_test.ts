import assert from "node:assert/strict";
import {
  type ConnectionLimits,
  createConnections,
  defaultConnectionLimits,
  type OpenConnection,
} from "./connections.ts";

/** Connections whose names are told when they are cut. */
function world(limits: Partial<ConnectionLimits> = {}) {
  const clock = { seconds: 0 };
  const cut: string[] = [];
  const connections = createConnections(
    { ...defaultConnectionLimits, ...limits },
    () => clock.seconds * 1000,
  );
  const tryOpen = (name: string, owner: string | null = name[0] ?? "") =>
    connections.admit(owner, () => cut.push(name));
  const open = (name: string, owner?: string | null): OpenConnection => {
    const opened = tryOpen(name, owner);
    assert.ok(opened, name);
    return opened;
  };
  return {
    clock,
    connections,
    tryOpen,
    open,
    /** Names of the connections that were cut since the last call. */
    cut: () => cut.splice(0).join(" "),
  };
}

Deno.test("createConnections: an address with its share gets a new one for one that waits, or none", () => {
  const { connections, tryOpen, open, cut } = world({
    connectionsPerAddress: 3,
  });
  const first = open("a1");
  open("a2").began();
  open("a3");
  open("b1");
  first.began();
  first.answered(false);
  // It never sent a request; the other is only idle.
  open("a4").began();
  assert.equal(cut(), "a3");
  open("a5").began();
  assert.equal(cut(), "a1");
  assert.equal(tryOpen("a6"), null);
  assert.equal(cut(), "");
  // This machine and its proxies have no share.
  for (let n = 0; n < 5; n++) open(`here${n}`, null);
  assert.equal(connections.open, 9);
});

Deno.test("createConnections: when all are taken, the address with the most gives one up", () => {
  const { tryOpen, open, cut } = world({ connections: 6 });
  const [first] = [open("a1"), open("a2"), open("a3"), open("a4")];
  const idle = open("b1");
  idle.began();
  idle.answered(false);
  open("here", null);
  first?.began();
  open("c1");
  assert.equal(cut(), "a2");
  open("a5");
  assert.equal(cut(), "a3");
  // Addresses with as many keep theirs.
  open("b2");
  assert.equal(cut(), "a4");
  open("b3");
  assert.equal(cut(), "b2");
  open("d1");
  assert.equal(cut(), "a5");
  assert.equal(tryOpen("here2", null) === null, false);
  assert.equal(cut(), "b3");
});

Deno.test("createConnections: a request under way is cut only for an address that has fewer", () => {
  const { clock, tryOpen, open, cut } = world({ connections: 4 });
  open("a1").began();
  const unread = open("a2");
  unread.began();
  unread.sending();
  open("a3").began();
  open("b1").began();
  // An answer that nobody reads gives way even to its own address.
  open("a4").began();
  assert.equal(cut(), "a2");
  assert.equal(tryOpen("a5"), null);
  // Every request gets a second.
  assert.equal(tryOpen("c1"), null);
  clock.seconds = 1;
  open("c1").began();
  assert.equal(cut(), "a1");
  open("d1").began();
  assert.equal(cut(), "a3");
  clock.seconds = 2;
  assert.equal(tryOpen("e1"), null);
  assert.equal(cut(), "");
});

Deno.test("createConnections: connections end that wait or are read too long, but not a proxy's", () => {
  const { clock, connections, open, cut } = world({
    headSeconds: 10,
    idleSeconds: 60,
    closeSeconds: 5,
    answerSeconds: 600,
  });
  open("silent");
  open("proxy", null);
  const [idle, last, unread, busy] = [
    open("idle"),
    open("last"),
    open("unread"),
    open("busy"),
  ];
  for (const connection of [idle, last, unread, busy]) connection.began();
  idle.answered(false);
  last.answered(true);
  unread.sending();
  const after = (seconds: number) => {
    clock.seconds += seconds;
    connections.sweep();
    return cut();
  };
  assert.equal(after(4), "");
  assert.equal(after(1), "last");
  assert.equal(after(4), "");
  assert.equal(after(1), "silent");
  // A request in between.
  idle.began();
  idle.answered(false);
  assert.equal(after(59), "");
  assert.equal(after(1), "idle");
  assert.equal(after(600), "unread");
  assert.equal(after(1e6), "");
  busy.ended();
  assert.equal(connections.open, 1);
});

Deno.test("createConnections: without descriptors fewer are kept, and later again more", () => {
  const { clock, connections, open, cut } = world({
    connections: 100,
    headSeconds: 1e6,
  });
  const all = Array.from({ length: 20 }, (_, n) => open(`a${n}`));
  for (const connection of all.slice(1)) connection.began();
  clock.seconds = 1;
  connections.exhausted();
  // The system needs a moment to close them.
  connections.exhausted();
  assert.equal(cut(), "a0 a1 a2 a3 a4");
  open("b0");
  assert.equal(cut(), "a5");
  assert.equal(connections.open, 15);
  clock.seconds = 60;
  connections.sweep();
  open("c0");
  assert.equal(cut(), "a6");
  clock.seconds = 61;
  connections.sweep();
  open("d0");
  assert.equal(cut(), "");
  open("d1");
  assert.equal(cut(), "a7");
  assert.equal(connections.open, 16);
  for (let n = 0; n < 9; n++) {
    clock.seconds++;
    connections.exhausted();
  }
  assert.equal(connections.open, 8);
});
