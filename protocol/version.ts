/**
 * The version of the swarm protocol that this code speaks.
 *
 * A worker names it when it registers; a coordinator refuses another one with a
 * problem of type `protocol-version`, and the worker stops with "update me".
 * Raise it together with the schemas, docs/protocol.md and the changelog.
 */
export const PROTOCOL_VERSION = 5;
