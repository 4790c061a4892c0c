"use strict";
// Moving pictures can be stopped, and each leads to its place in the timeline.
(() => {
  const button = document.getElementById("stop-pictures");
  const loops = document.querySelectorAll("img[data-moving]");
  let moving = !window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  function show() {
    loops.forEach((picture) => { picture.src = moving ? picture.dataset.moving : picture.dataset.still; });
    if (button) button.textContent = moving ? "Stop moving pictures" : "Let pictures move";
  }
  if (button) button.addEventListener("click", () => { moving = !moving; show(); });
  if (!moving) show();
  document.querySelectorAll("button[data-go]").forEach((link) => link.addEventListener("click", () => {
    const [recording, row, start, end] = link.dataset.go.split(",").map(Number);
    window.behaviorTimeline.go(recording, row, start, end);
  }));
})();
