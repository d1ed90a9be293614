// What the pages can do beyond plain HTML: copy an address, run a query here, stop it.
"use strict";

const form = document.querySelector("form.query");
let running = null;

for (const place of document.querySelectorAll("[data-copy]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    await copy(place.querySelector("code, pre").textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  place.append(button);
}

// Browsers offer the clipboard to pages with https or on localhost only; elsewhere a selection does it.
async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

if (form) {
  const query = form.elements.QUERY;
  form.elements.stop.addEventListener("click", () => running && running.abort());
  // A table is shown here; every other format is for the browser to save.
  form.addEventListener("submit", (event) => {
    if (form.elements.RESPONSEFORMAT.value !== "html") return;
    event.preventDefault();
    run(query.value, form.elements.MAXREC.value);
  });
  query.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit(form.elements.run);
  });
  for (const example of document.querySelectorAll("[data-query]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = example.querySelector("summary").textContent;
    button.title = example.dataset.about;
    button.addEventListener("click", () => {
      query.value = example.dataset.query;
      run(query.value, form.elements.MAXREC.value);
    });
    example.replaceChildren(button);
  }
}

async function run(query, maxrec) {
  if (running) running.abort();
  const mine = running = new AbortController();
  const start = performance.now();
  form.elements.stop.disabled = false;
  say("Running …");
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      body: new URLSearchParams({ LANG: "ADQL", QUERY: query, MAXREC: maxrec, RESPONSEFORMAT: "json" }),
      signal: mine.signal,
    });
    if (!answer.ok) throw new Error(reason(await answer.text()) || `status ${answer.status}`);
    const result = parsed(await answer.text());
    const seconds = ((performance.now() - start) / 1000).toFixed(2);
    const count = result.data.length;
    const more = result.query_status === "OVERFLOW" ? ", and there are more" : "";
    show(result);
    say(`${count.toLocaleString("en")} ${count === 1 ? "row" : "rows"}${more} · ${seconds} s`);
  } catch (error) {
    if (mine !== running) return;
    show(null);
    if (error.name === "AbortError") say("Stopped.");
    else {
      say(error.message, true);
      point(error.message);
    }
  } finally {
    if (mine === running) { running = null; form.elements.stop.disabled = true; }
  }
}

// Integers beyond 2^53 stay as they are written: as texts, since numbers of this language cannot hold them.
function parsed(text) {
  const tokens = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
  return JSON.parse(text.replace(tokens, (token) => (/^-?\d{16,}$/.test(token) ? `"${token}"` : token)));
}

// Errors are VOTables whatever the format asked for (DALI 1.1, 4.2).
function reason(text) {
  const tree = new DOMParser().parseFromString(text, "application/xml");
  const info = tree.querySelector('INFO[name="QUERY_STATUS"]');
  return info ? info.textContent.trim() : "";
}

// Selects the word that the message is about, if the query is still the one that was asked.
function point(message) {
  const place = /^line (\d+), column (\d+): /.exec(message);
  if (!place) return;
  const area = form.elements.QUERY;
  const lines = area.value.split("\n").slice(0, Number(place[1]));
  const line = lines.pop() || "";
  const start = lines.reduce((sum, text) => sum + text.length + 1, 0) + Number(place[2]) - 1;
  const word = /^[\w.]+/.exec(line.slice(Number(place[2]) - 1));
  area.focus();
  area.setSelectionRange(start, start + (word ? word[0].length : 1));
}

function say(text, bad = false) {
  const status = document.getElementById("status");
  status.textContent = text;
  status.classList.toggle("bad", bad);
}

function show(result) {
  const place = document.getElementById("rows");
  if (!result) return place.replaceChildren();
  const numeric = result.metadata.map((column) => /^(short|int|long|float|double|unsignedByte)$/.test(column.datatype) && !column.arraysize);
  const units = result.metadata.some((column) => column.unit);
  const table = document.createElement("table");
  const head = table.createTHead().insertRow();
  result.metadata.forEach((column, index) => {
    const cell = document.createElement("th");
    cell.textContent = column.name;
    cell.title = column.description || "";
    if (numeric[index]) cell.className = "number";
    if (units) {
      const unit = document.createElement("small");
      unit.textContent = column.unit || "\u00a0";
      cell.append(unit);
    }
    head.append(cell);
  });
  const body = table.createTBody();
  for (const row of result.data) {
    const line = body.insertRow();
    row.forEach((value, index) => fill(line.insertCell(), value, numeric[index]));
  }
  // A long value is cut off; a click shows all of it.
  body.addEventListener("click", (event) => {
    const cell = event.target.closest("td");
    const cut = cell && cell.scrollWidth > cell.clientWidth;
    if (cell && !getSelection().toString()) cell.classList.toggle("whole", cut);
  });
  place.replaceChildren(table);
}

function fill(cell, value, numeric) {
  if (numeric) cell.className = "number";
  if (value === null) return;
  const text = Array.isArray(value) ? value.join(" ") : String(value);
  if (/^https?:\/\//.test(text)) {
    const link = document.createElement("a");
    link.href = text;
    link.textContent = text;
    cell.append(link);
  } else {
    cell.textContent = text;
  }
  cell.title = text;
}
