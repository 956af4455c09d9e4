// The leaderboard: a button in the head of every column sorts by it; filters hide rows.
(() => {
  const table = document.getElementById("board");
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  const keys = rows.map(row => [...row.cells].map(cell => cell.dataset.key === "" ? null : JSON.parse(cell.dataset.key)));
  const keysOf = new Map(rows.map((row, index) => [row, keys[index]]));

  function compare(one, other) {
    return typeof one === "number" ? one - other : String(one).localeCompare(String(other), "en");
  }

  function sortBy(index, direction) {
    const sign = direction === "ascending" ? 1 : -1;
    const sorted = [...rows].sort((one, other) => {
      const [a, b] = [keysOf.get(one)[index], keysOf.get(other)[index]];
      if (a === null || b === null) return (a === null) - (b === null); // what has no value always stands last
      return sign * compare(a, b);
    });
    body.append(...sorted);
    heads.forEach((head, other) => {
      if (other === index) head.setAttribute("aria-sort", direction);
      else head.removeAttribute("aria-sort");
    });
  }

  heads.forEach((head, index) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    const first = "numeric" in head.dataset ? "descending" : "ascending";
    const second = first === "ascending" ? "descending" : "ascending";
    button.addEventListener("click", () => sortBy(index, head.getAttribute("aria-sort") === first ? second : first));
  });

  const form = document.querySelector(".filters");
  const selects = [...form.querySelectorAll("select")];
  const count = document.querySelector(".count");

  function filter() {
    const wanted = selects.filter(select => select.value).map(select => [select.dataset.filter, select.value]);
    let shown = 0;
    for (const row of rows) {
      row.hidden = !wanted.every(([name, value]) => row.dataset[name] === value);
      shown += !row.hidden;
    }
    count.textContent = shown === rows.length ? `${shown} rows` : `${shown} of ${rows.length} rows`;
    if (!shown) count.textContent += ": nothing was run with all of these; show all rows or choose another";
  }

  form.addEventListener("change", filter);
  form.addEventListener("reset", () => setTimeout(filter));
  form.addEventListener("submit", event => event.preventDefault());
  form.hidden = false;
  filter();

  const all = document.getElementById("columns");
  all.addEventListener("click", () => {
    const pressed = table.classList.toggle("main-only");
    all.setAttribute("aria-pressed", String(!pressed));
  });
})();
