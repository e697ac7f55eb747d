// Talking to the server: one place for the token and for errors.

const TOKEN = "emofuse-token";
export const token = () => sessionStorage.getItem(TOKEN) || "";
export const setToken = (value) => sessionStorage.setItem(TOKEN, value);

/** Fetch from this server; throws an Error with the server's reason (and `.status`). */
export async function ask(path, options = {}) {
  const headers = token() ? { Authorization: `Bearer ${token()}` } : {};
  const response = await fetch(path, { ...options, headers });
  if (response.ok) return response;
  let reason = response.statusText;
  try { reason = (await response.json()).detail || reason; } catch { /* no JSON in it */ }
  throw Object.assign(new Error(reason), { status: response.status });
}

/** Upload with progress; resolves to the started analysis. */
export async function startAnalysis(file, transcript, options) {
  const form = new FormData();
  form.append("file", file);
  if (transcript) form.append("text", transcript);
  form.append("options", JSON.stringify(options));
  return (await ask("/v1/analyses", { method: "POST", body: form })).json();
}

export function offerDownload(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

export function say(text) {
  document.getElementById("status").textContent = text;
}
