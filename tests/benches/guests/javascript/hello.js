// The connector that teaches (connectors/hello), in JavaScript: one list of people, a hundred at a time.
import { get } from "headcount:connector/config@0.1.0";

const SIZE = 100;
const CODES = { 401: "unauthenticated", 403: "forbidden", 404: "not-found", 429: "rate-limited" };

async function people(page, size) {
  const base = JSON.parse(get())["base-url"];
  const answer = await fetch(`${base}/people?page=${page}&per_page=${size}`);
  if (!answer.ok) {
    const code = CODES[answer.status] ?? (answer.status < 500 ? "unexpected-response" : "unavailable");
    throw { code, message: `The list of people was answered with ${answer.status}.`, httpStatus: answer.status };
  }
  return (await answer.json()).people;
}

export const api = {
  async check() {
    await people(1, 1);
    return { organization: "hello", label: "Hello" };
  },

  async read(feed, parent, cursor) {
    const page = Number(cursor ?? 1);
    const rows = await people(page, SIZE);
    const users = rows.map((row) => ({
      id: String(row.id),
      email: row.email,
      displayName: row.name,
      attributes: JSON.stringify(row),
    }));
    // An empty page is the end, and nothing else is.
    const progress = rows.length === 0 ? { tag: "complete" } : { tag: "more", val: String(page + 1) };
    return { records: { users }, rows: rows.length, progress };
  },

  async invoke() {
    throw { code: "unsupported", message: "There are no actions." };
  },
};
