/* global SwaggerUIBundle */

// Dark where the reader's device is.
const dark = matchMedia("(prefers-color-scheme: dark)");
const paint = () =>
  document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", paint);
paint();

/** Swagger UI's own parts, but for those that would send something. */
function layout({ React }) {
  const h = React.createElement;
  const part = (getComponent, name) => h(getComponent(name, true));
  return {
    components: {
      SwarmLayout: ({ getComponent }) =>
        h(
          "div",
          { className: "swagger-ui" },
          part(getComponent, "InfoContainer"),
          h("h2", null, "Calls"),
          part(getComponent, "operations"),
          part(getComponent, "Models"),
        ),
    },
  };
}

// A table that says it is a region is no table to a screen reader.
new MutationObserver(() => {
  for (const table of document.querySelectorAll("table[role=region]")) {
    table.removeAttribute("role");
  }
}).observe(document.body, { childList: true, subtree: true });

// Without a validator, which would send the document to a third party, and
// without "try it out": reading is what the page is for.
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#api",
  layout: "SwarmLayout",
  plugins: [layout],
  validatorUrl: null,
  supportedSubmitMethods: [],
  // Its colours are too faint, and cannot be changed from outside.
  syntaxHighlight: false,
});
