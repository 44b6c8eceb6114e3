/** Words on every page, in both languages. */

const en = {
  product: "dropout-swarm",
  skipToContent: "Skip to content",
  pages: "Pages",
  leaderboard: "Leaderboard",
  lesson: "Lesson",
  workers: "Workers",
  join: "Join",
  api: "API",
  language: "Language",
  licence: "MIT licence",
  reload: "Reload the page",
  retry: "Try again",
  copy: "Copy",
  copied: "Copied",
  connection: {
    connecting: "Connecting…",
    live: "Live",
    polling: "Updating every few seconds",
    offline: "No connection",
  },
  offlineNotice:
    "The coordinator does not answer. You see the last state received; the page keeps trying.",
  outdatedNotice:
    "The coordinator speaks a newer version than this page. Reload the page to go on.",
};

export type CommonWords = typeof en;

const zh: CommonWords = {
  product: "dropout-swarm",
  skipToContent: "跳到正文",
  pages: "页面",
  leaderboard: "排行榜",
  lesson: "课程",
  workers: "工作节点",
  join: "加入",
  api: "API",
  language: "语言",
  licence: "MIT 许可证",
  reload: "重新加载页面",
  retry: "重试",
  copy: "复制",
  copied: "已复制",
  connection: {
    connecting: "正在连接…",
    live: "实时",
    polling: "每隔几秒更新",
    offline: "连接中断",
  },
  offlineNotice: "协调器没有应答。这里显示的是最后收到的状态，页面会继续重试。",
  outdatedNotice: "协调器的版本比本页面新。请重新加载页面后继续。",
};

export const commonWords = { en, zh };
