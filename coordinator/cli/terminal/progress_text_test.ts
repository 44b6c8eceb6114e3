import assert from "node:assert/strict";
import { progressOf } from "../../../testing/studies/reference_study.ts";
import { terminalLanguage } from "./language.ts";
import { durationText, progressText } from "./progress.ts";

Deno.test("durationText: seconds, minutes, hours", () => {
  assert.equal(durationText(0.2, "en"), "1 s");
  assert.equal(durationText(59, "en"), "59 s");
  assert.equal(durationText(90, "en"), "2 min");
  assert.equal(durationText(3599, "en"), "1 h 00 min");
  assert.equal(durationText(11_100, "en"), "3 h 05 min");
  assert.equal(durationText(11_100, "zh"), "3 小时 05 分钟");
});

Deno.test("progressText: leaves out what is not known or nil", () => {
  const progress = {
    ...progressOf(45, 0),
    workersOnline: 2,
    trialsPerMinute: null,
    secondsLeft: null,
  };
  assert.equal(progressText(progress, "en"), "0 of 45 trials, 2 workers");
  assert.equal(
    progressText(progress, "zh"),
    "已完成 0/45 次试验，2 个工作节点",
  );
  assert.equal(
    progressText(progressOf(45, 45), "zh"),
    "已完成 45/45 次试验，全部完成",
  );
});

Deno.test("progressText: own workers that are starting are not nobody", () => {
  const progress = {
    ...progressOf(45, 0),
    workersOnline: 0,
    standstill: "starting",
    trialsPerMinute: null,
    secondsLeft: null,
  } as const;
  assert.equal(
    progressText(progress, "en"),
    "0 of 45 trials, 0 workers, training is starting here",
  );
  assert.equal(
    progressText(progress, "zh"),
    "已完成 0/45 次试验，0 个工作节点，本机的训练正在启动",
  );
});

Deno.test("terminalLanguage: Chinese by locale, in POSIX's order", () => {
  const by = (variables: Record<string, string>) =>
    terminalLanguage((name) => variables[name]);
  assert.equal(by({ LANG: "zh_CN.UTF-8" }), "zh");
  assert.equal(by({ LANG: "en_GB.UTF-8" }), "en");
  assert.equal(by({}), "en");
  assert.equal(by({ LANG: "zh_CN.UTF-8", LC_ALL: "C" }), "en");
  assert.equal(by({ LANG: "C", LC_MESSAGES: "zh_TW" }), "zh");
  assert.equal(by({ LANG: "zh_CN", LC_ALL: "" }), "zh");
});
