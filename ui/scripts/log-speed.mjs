// What 50,000 lines a second cost the log: an update from its pull to the page laid out again, with the fixture's making
// of the lines not counted; how many elements there are; and how much memory. Figures are printed and never fail.
//
// `npm run build:fixture && npm run speed:log [-- SECONDS]`; CHROMIUM names the browser where it is called otherwise.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { preview } from "vite";

const SECONDS = Number(process.argv[2] ?? 20);
const HOLD_MS = 8;

/** Runs before anything of the page: the log's pull is what comes every quarter of a second. */
const TIMED = `(() => {
  window.taken = [];
  const usual = window.setInterval;
  window.setInterval = (work, ms, ...rest) => usual(ms !== 250 ? work : async () => {
    // The lines are made before it returns.
    work();
    const began = performance.now();
    // What becomes of an answer is in the microtasks behind it, in the same task.
    for (let turn = 0; turn < 200; turn += 1) await null;
    void document.body.offsetHeight;
    window.taken.push(performance.now() - began);
  }, ms, ...rest);
})()`;

const server = await preview({
  mode: "fixture",
  build: { outDir: "dist-fixture" },
  preview: { port: 0, strictPort: false },
  logLevel: "error",
});
const profile = mkdtempSync(join(tmpdir(), "beatkeeper-log-speed-"));
const browser = spawn(
  process.env.CHROMIUM ?? "chromium",
  [
    "--headless=new",
    "--no-sandbox",
    "--remote-debugging-pipe",
    "--window-size=1280,820",
    `--user-data-dir=${profile}`,
    "about:blank",
  ],
  { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] },
);
const asked = new Map();
let told = "";
browser.stdio[4].on("data", (data) => {
  told += data;
  for (let end = told.indexOf("\0"); end >= 0; end = told.indexOf("\0")) {
    const answer = JSON.parse(told.slice(0, end));
    told = told.slice(end + 1);
    asked.get(answer.id)?.(answer);
    asked.delete(answer.id);
  }
});
let asks = 0;
let sessionId;
const ask = (method, params = {}) =>
  new Promise((resolve, reject) => {
    const id = ++asks;
    asked.set(id, ({ result, error }) => (error ? reject(new Error(error.message)) : resolve(result)));
    browser.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
  });
const inPage = async (expression) =>
  (await ask("Runtime.evaluate", { expression, returnByValue: true, awaitPromise: true })).result.value;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

try {
  const { targetId } = await ask("Target.createTarget", { url: "about:blank" });
  ({ sessionId } = await ask("Target.attachToTarget", { targetId, flatten: true }));
  await ask("Page.enable");
  await ask("Page.addScriptToEvaluateOnNewDocument", { source: TIMED });
  const { port } = server.httpServer.address();
  await ask("Page.navigate", {
    url: `http://127.0.0.1:${port}/?state=flood&open=weather-agent&page=log`,
  });
  const until = Date.now() + 15_000;
  while (!(await inPage("document.querySelectorAll('[data-testid=log-line]').length > 0"))) {
    if (Date.now() > until) throw new Error("no line of the log came");
    await sleep(100);
  }
  await sleep(2_000);
  await inPage("window.taken.length = 0");
  const most = { lines: 0, elements: 0 };
  for (let second = 0; second < SECONDS; second += 1) {
    await sleep(1_000);
    const now = await inPage(
      "({ lines: document.querySelectorAll('[data-testid=log-line]').length, elements: document.querySelectorAll('*').length })",
    );
    for (const key of Object.keys(most)) most[key] = Math.max(most[key], now[key]);
  }
  const taken = (await inPage("window.taken")).sort((a, b) => a - b);
  const part = (of) => (taken[Math.min(taken.length - 1, Math.floor(taken.length * of))] ?? 0).toFixed(1);
  await ask("HeapProfiler.collectGarbage");
  const heap = (await ask("Runtime.getHeapUsage")).usedSize / 1024 / 1024;
  const say = (words) => process.stdout.write(`${words}\n`);
  say(`50,000 lines a second for ${SECONDS} s, ${taken.length} updates`);
  say(`  an update: p50 ${part(0.5)} ms, p95 ${part(0.95)} ms (hold ${HOLD_MS}), most ${part(1)} ms`);
  say(`  lines in the page at most ${most.lines}, elements at most ${most.elements}`);
  say(`  memory after it ${heap.toFixed(1)} MB`);
} finally {
  browser.kill();
  await new Promise((resolve) => browser.on("exit", resolve));
  await server.close();
  rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
}
