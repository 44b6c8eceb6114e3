/**
 * Loaded before Playwright, which looks for Windows around it as it loads and
 * reads in `/proc` for that. Deno lets nobody read there who lacks all
 * permissions; under this variable the look is left out.
 */
Deno.env.set("__IS_WSL_TEST__", "1");
