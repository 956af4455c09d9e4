// The theme, and buttons that copy.
(() => {
  const root = document.documentElement;
  const button = document.getElementById("theme");
  const preferred = matchMedia("(prefers-color-scheme: dark)");

  function isDark() {
    return root.dataset.theme ? root.dataset.theme === "dark" : preferred.matches;
  }
  function name() {
    button.textContent = isDark() ? "Light theme" : "Dark theme";
  }
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    name();
  });
  preferred.addEventListener("change", name);
  button.hidden = false;
  name();

  async function copy(text, source) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch { // not allowed here: select it, and let the browser copy what is selected
      getSelection().selectAllChildren(source);
      return document.execCommand("copy");
    }
  }
  for (const one of document.querySelectorAll(".copy")) {
    const label = one.textContent;
    one.setAttribute("aria-live", "polite");
    one.addEventListener("click", async () => {
      const source = document.getElementById(one.dataset.copies);
      one.textContent = await copy(source.textContent, source) ? "Copied" : "Selected: press Ctrl+C";
      setTimeout(() => { one.textContent = label; }, 1500);
    });
  }
})();
