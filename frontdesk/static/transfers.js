// Keeps the page of transfers as it is at the archive: asks every two seconds while somebody looks.
"use strict";

const counts = document.querySelector("#counts");
const body = document.querySelector("#transfers");

async function renew() {
  if (document.hidden) return;
  const answer = await fetch("/transfers/state");
  if (!answer.ok) throw new Error(answer.statusText);
  const state = await answer.json();
  counts.textContent = state.counts;
  counts.classList.remove("nothing");
  body.replaceChildren(...state.rows.map((cells) => {
    const row = document.createElement("tr");
    for (const cell of cells) row.insertCell().textContent = cell;
    return row;
  }));
}

async function live() {
  try {
    await renew();
  } catch {
    // The archive is away: what is shown is what was known last.
    counts.classList.add("nothing");
  }
  setTimeout(live, 2000);
}

setTimeout(live, 2000);
