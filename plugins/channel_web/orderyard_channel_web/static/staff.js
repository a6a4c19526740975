// A click into a finished link marks it, ready to be copied.
document.addEventListener("focusin", (event) => {
  if (event.target.matches("[data-copy]")) event.target.select();
});
