// What the viewer says, in Japanese and English.
//
// word("back")                // in the language of now
// word("mailsCount", 12)      // what counts takes its number
"use strict";

const WORDS = {
  ja: {
    title: "メールの控え",
    search: "件名・差出人・本文・日付 (2019-05) を検索",
    language: "Switch to English",
    other: "English",
    folders: "フォルダ",
    mails: "メールの一覧",
    reader: "メール",
    view: "表示",
    order: (now) => `並び順: ${now}`,
    single: "メール",
    threads: "会話",
    newest: "新しい順",
    oldest: "古い順",
    back: "一覧",
    choose: "左の一覧からメールを選んでください",
    all: "すべてのメール",
    alone: "このメールだけを開く(印刷用)",
    earlier: "前のメール",
    later: "次のメール",
    kinds: { inbox: "受信トレイ", drafts: "下書き", sent: "送信済み", archive: "アーカイブ", junk: "迷惑メール", trash: "ごみ箱" },
    subject: "(件名なし)",
    nobody: "(差出人なし)",
    unread: "未読",
    flagged: "スター付き",
    to: "宛先:",
    attachments: (n) => `添付ファイル ${n} 個`,
    mailsCount: (n) => `${n} 通`,
    threadsCount: (n) => `${n} 件の会話`,
    further: (n) => `さらに ${n} 通を表示`,
    loading: "読み込み中…",
    reading: (n) => `本文を読み込み中 ${n}%`,
    nothing: "見つかりませんでした",
    empty: "メールはありません",
    missing: (parts) => `第 ${parts} 部が展開されていないか、ファイルが欠けています。すべての部を同じフォルダに展開すると、全メールを表示できます。`,
  },
  en: {
    title: "Mail archive",
    search: "Search subject, people, text, date (2019-05)",
    language: "日本語に切り替える",
    other: "日本語",
    folders: "Folders",
    mails: "List of messages",
    reader: "Message",
    view: "View",
    order: (now) => `Order: ${now}`,
    single: "Messages",
    threads: "Threads",
    newest: "Newest first",
    oldest: "Oldest first",
    back: "List",
    choose: "Choose a message from the list",
    all: "All mail",
    alone: "Open this message alone (to print it)",
    earlier: "Previous message",
    later: "Next message",
    kinds: { inbox: "Inbox", drafts: "Drafts", sent: "Sent", archive: "Archive", junk: "Junk", trash: "Trash" },
    subject: "(no subject)",
    nobody: "(no sender)",
    unread: "unread",
    flagged: "starred",
    to: "To:",
    attachments: (n) => `${n} attachment${n === 1 ? "" : "s"}`,
    mailsCount: (n) => `${n} message${n === 1 ? "" : "s"}`,
    threadsCount: (n) => `${n} thread${n === 1 ? "" : "s"}`,
    further: (n) => `Show ${n} more`,
    loading: "Loading…",
    reading: (n) => `reading texts ${n}%`,
    nothing: "Nothing was found",
    empty: "No messages here",
    missing: (parts) => `Part ${parts} is not unpacked here, or not whole. Unpack all parts into one folder to see every message.`,
  },
};

function word(name, ...told) {
  const found = WORDS[state.language][name];
  return typeof found === "function" ? found(...told) : found;
}

// An element with words of somebody else; Japanese is said to be so, whatever the language around it is.
function spoken(element, text) {
  if (/[\u3040-\u30ff\u3400-\u9fff]/.test(text)) element.lang = "ja";
  return element;
}
