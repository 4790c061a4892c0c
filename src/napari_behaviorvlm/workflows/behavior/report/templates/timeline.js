"use strict";
// Timelines of all recordings: drawn on canvases from the data that stand in the page.
(() => {
  const data = JSON.parse(document.getElementById("timeline-data").textContent);
  const GUTTER = 92, RULER = 22, BOUTS = 26, CLIPS = 7, GAP = 9, MAP = 5, MAP_GAP = 8;
  const INK = "#1f2933", SOFT = "#52606d", GROUND = "#e9edf1", LINE = "#c3cad2";
  const tip = document.getElementById("timeline-tip");
  let chosen = null;
  const views = [];

  function pattern(context, kind, ink) {
    const tile = document.createElement("canvas");
    tile.width = tile.height = 8;
    const pen = tile.getContext("2d");
    pen.strokeStyle = pen.fillStyle = ink;
    pen.lineWidth = 1.6;
    pen.beginPath();
    if (kind === "hatched" || kind === "crossed") {
      pen.moveTo(-2, 6); pen.lineTo(2, 10); pen.moveTo(0, 0); pen.lineTo(8, 8); pen.moveTo(6, -2); pen.lineTo(10, 2);
    }
    if (kind === "crossed") {
      pen.moveTo(8, 0); pen.lineTo(0, 8); pen.moveTo(2, -2); pen.lineTo(-2, 2); pen.moveTo(10, 6); pen.lineTo(6, 10);
    }
    pen.stroke();
    if (kind === "dotted") [[2, 2], [6, 6]].forEach(([x, y]) => { pen.beginPath(); pen.arc(x, y, 1.3, 0, 7); pen.fill(); });
    return context.createPattern(tile, "repeat");
  }

  function clock(seconds) {
    const whole = Math.floor(seconds + 1e-9), rest = seconds - whole;
    const s = String(whole % 60).padStart(2, "0"), m = Math.floor(whole / 60) % 60, h = Math.floor(whole / 3600);
    const tail = rest > 0.005 ? "." + String(Math.round(rest * 10)).padStart(1, "0") : "";
    return (h ? h + ":" + String(m).padStart(2, "0") : m) + ":" + s + (tail === ".10" ? "" : tail);
  }

  // Position of the last start at or before a frame, -1 where there is none.
  function before(starts, frame) {
    let low = 0, high = starts.length;
    while (low < high) { const middle = (low + high) >> 1; if (starts[middle] <= frame) low = middle + 1; else high = middle; }
    return low - 1;
  }

  class View {
    constructor(canvas, recording) {
      this.canvas = canvas; this.r = recording; this.from = 0; this.to = recording.frames;
      this.context = canvas.getContext("2d");
      this.fills = {};
      const each = BOUTS + CLIPS + GAP;
      this.height = RULER + recording.rows.length * each + MAP_GAP + recording.rows.length * (MAP + 1) + 6;
      canvas.style.height = this.height + "px";
      canvas.addEventListener("wheel", (e) => this.wheel(e), { passive: false });
      canvas.addEventListener("pointerdown", (e) => this.down(e));
      canvas.addEventListener("pointermove", (e) => this.move(e));
      canvas.addEventListener("pointerup", () => { this.held = null; });
      canvas.addEventListener("pointerleave", () => { tip.hidden = true; });
      canvas.addEventListener("dblclick", (e) => { if (!this.inMap(e.offsetY)) this.zoom(0.4, this.frameAt(e.offsetX)); });
      canvas.addEventListener("keydown", (e) => this.key(e));
      new ResizeObserver(() => this.draw()).observe(canvas);
    }
    get mapTop() { return RULER + this.r.rows.length * (BOUTS + CLIPS + GAP) + MAP_GAP; }
    inMap(y) { return y >= this.mapTop - 4; }
    get wide() { return this.canvas.clientWidth - GUTTER - 2; }
    x(frame) { return GUTTER + (frame - this.from) / (this.to - this.from) * this.wide; }
    frameAt(x) { return this.from + (x - GUTTER) / this.wide * (this.to - this.from); }
    show(from, to) {
      const least = Math.min(this.r.frames, Math.max(10, this.r.fps / 2));
      const span = Math.min(Math.max(to - from, least), this.r.frames);
      this.from = Math.min(Math.max(from, 0), this.r.frames - span);
      this.to = this.from + span;
      this.draw();
    }
    zoom(factor, around) {
      const at = around === undefined ? (this.from + this.to) / 2 : Math.min(Math.max(around, this.from), this.to);
      this.show(at - (at - this.from) * factor, at + (this.to - at) * factor);
    }
    wheel(e) {
      if (!(e.ctrlKey || e.metaKey || e.shiftKey)) return;
      e.preventDefault();
      const way = e.deltaY || e.deltaX;
      if (e.shiftKey) { const step = (this.to - this.from) * 0.15 * Math.sign(way); this.show(this.from + step, this.to + step); }
      else this.zoom(way < 0 ? 0.8 : 1.25, this.frameAt(e.offsetX));
    }
    key(e) {
      const span = this.to - this.from;
      const does = {
        "+": () => this.zoom(0.6), "=": () => this.zoom(0.6), "-": () => this.zoom(1 / 0.6), "0": () => this.show(0, this.r.frames),
        ArrowLeft: () => this.show(this.from - span * 0.2, this.to - span * 0.2),
        ArrowRight: () => this.show(this.from + span * 0.2, this.to + span * 0.2),
      }[e.key];
      if (does) { e.preventDefault(); does(); }
    }
    down(e) {
      this.canvas.setPointerCapture(e.pointerId);
      if (this.inMap(e.offsetY)) { this.held = { map: true }; this.toMap(e.offsetX); return; }
      this.held = { x: e.offsetX, from: this.from, to: this.to };
    }
    toMap(x) {
      const frame = (x - GUTTER) / this.wide * this.r.frames, half = (this.to - this.from) / 2;
      this.show(frame - half, frame + half);
    }
    move(e) {
      if (this.held && e.buttons) {
        if (this.held.map) { this.toMap(e.offsetX); return; }
        const by = (this.held.x - e.offsetX) / this.wide * (this.held.to - this.held.from);
        if (Math.abs(this.held.x - e.offsetX) > 3) { this.show(this.held.from + by, this.held.to + by); tip.hidden = true; return; }
      }
      this.tell(e);
    }
    tell(e) {
      const row = Math.floor((e.offsetY - RULER) / (BOUTS + CLIPS + GAP)), inside = (e.offsetY - RULER) % (BOUTS + CLIPS + GAP);
      const frame = Math.floor(this.frameAt(e.offsetX));
      tip.hidden = true;
      if (row < 0 || row >= this.r.rows.length || e.offsetX < GUTTER || inside > BOUTS + CLIPS) return;
      const words = inside < BOUTS ? this.bout(this.r.rows[row], frame) : this.clip(this.r.rows[row], frame);
      if (!words) return;
      tip.replaceChildren(...words.map(([kind, text]) => { const p = document.createElement("div"); p.className = kind; p.textContent = text; return p; }));
      tip.hidden = false;
      const box = tip.getBoundingClientRect();
      tip.style.left = Math.max(4, Math.min(e.clientX + 14, window.innerWidth - box.width - 12)) + "px";
      tip.style.top = (e.clientY + box.height + 24 > window.innerHeight ? e.clientY - box.height - 10 : e.clientY + 18) + "px";
    }
    span(start, end) {
      const seconds = (end - start + 1) / this.r.fps;
      return clock(start / this.r.fps) + " to " + clock((end + 1) / this.r.fps) + " (" + seconds.toFixed(1) + " s), frames " + start + " to " + end;
    }
    bout(row, frame) {
      for (let at = before(row.start, frame); at >= 0 && at > before(row.start, frame) - 4; at--) {
        if (row.end[at] < frame) continue;
        const lines = [["name", row.animal + ": " + (data.labels[row.label[at]].name || "no name")], ["", this.span(row.start[at], row.end[at])]];
        const text = data.texts[row.text[at]];
        if (text) lines.push(["told", text]);
        const by = data.sources[row.by[at]];
        lines.push(["soft", by + (row.sure[at] < 1 ? ", confidence " + Math.round(100 * row.sure[at]) + " %" : "") + (row.cluster[at] < 0 ? "" : ", cluster " + row.cluster[at])]);
        return lines;
      }
      const gone = before(row.gone_start, frame);
      if (gone >= 0 && row.gone_end[gone] >= frame) return [["name", row.animal + ": not followed"], ["", this.span(row.gone_start[gone], row.gone_end[gone])]];
      return [["name", row.animal + ": not labelled"], ["", clock(frame / this.r.fps) + ", frame " + frame]];
    }
    clip(row, frame) {
      const at = before(row.clip_start, frame);
      if (at < 0 || row.clip_end[at] < frame) return null;
      return [["name", row.animal + ": a clip of cluster " + row.clip_cluster[at]], ["", this.span(row.clip_start[at], row.clip_end[at])]];
    }
    fill(label) {
      const look = data.labels[label];
      if (look.pattern === "plain") return null;
      return this.fills[look.pattern] ||= pattern(this.context, look.pattern, "rgba(255,255,255,.75)");
    }
    draw() {
      const scale = window.devicePixelRatio || 1, width = this.canvas.clientWidth;
      if (!width) return;
      if (this.canvas.width !== Math.round(width * scale)) { this.canvas.width = Math.round(width * scale); this.canvas.height = Math.round(this.height * scale); }
      const c = this.context;
      c.setTransform(scale, 0, 0, scale, 0, 0);
      c.clearRect(0, 0, width, this.height);
      c.textBaseline = "middle";
      this.ruler(c);
      this.r.rows.forEach((row, at) => this.row(c, row, RULER + at * (BOUTS + CLIPS + GAP)));
      if (this.found) {
        const x = this.x(this.found.start), w = Math.max(this.x(this.found.end + 1) - x, 2);
        c.strokeStyle = INK; c.lineWidth = 2; c.setLineDash([5, 3]);
        c.strokeRect(x, RULER + this.found.row * (BOUTS + CLIPS + GAP) - 3, w, BOUTS + CLIPS + 6); c.setLineDash([]);
      }
      this.map(c);
    }
    ruler(c) {
      const span = (this.to - this.from) / this.r.fps, about = span / Math.max(2, this.wide / 90);
      const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400].find((s) => s >= about) || 28800;
      c.font = "12px system-ui, sans-serif"; c.fillStyle = SOFT; c.strokeStyle = LINE; c.textAlign = "center"; c.lineWidth = 1;
      for (let n = Math.ceil(this.from / this.r.fps / step); n * step <= this.to / this.r.fps; n++) {
        const x = this.x(n * step * this.r.fps);
        c.beginPath(); c.moveTo(x, RULER - 5); c.lineTo(x, this.mapTop - MAP_GAP - GAP); c.stroke();
        c.fillText(clock(n * step), Math.min(Math.max(x, GUTTER + 8), GUTTER + this.wide - 14), 8);
      }
    }
    row(c, row, top) {
      c.font = "600 13px system-ui, sans-serif"; c.fillStyle = INK; c.textAlign = "left";
      c.fillText(row.animal.length > 12 ? row.animal.slice(0, 11) + "…" : row.animal, 2, top + BOUTS / 2);
      c.save();
      c.beginPath(); c.rect(GUTTER, top, this.wide, BOUTS + CLIPS); c.clip();
      c.fillStyle = GROUND; c.fillRect(GUTTER, top, this.wide, BOUTS);
      this.stretches(row.gone_start, row.gone_end, (x, w) => {
        c.fillStyle = "#fff"; c.fillRect(x, top, w, BOUTS + CLIPS);
        c.fillStyle = this.fills.crossed ||= pattern(c, "crossed", "#b6bfc9"); c.fillRect(x, top, w, BOUTS + CLIPS);
      });
      c.textAlign = "left"; c.font = "12px system-ui, sans-serif";
      this.stretches(row.start, row.end, (x, w, at) => {
        const look = data.labels[row.label[at]];
        c.globalAlpha = chosen === null || chosen === row.label[at] ? 1 : 0.13;
        c.fillStyle = look.colour; c.fillRect(x, top, w, BOUTS);
        const over = this.fill(row.label[at]);
        if (over) { c.fillStyle = over; c.fillRect(x, top, w, BOUTS); }
        if (w > 3) { c.fillStyle = "rgba(255,255,255,.85)"; c.fillRect(x + w - 1, top, 1, BOUTS); }
        if (row.person[at]) { c.fillStyle = INK; c.fillRect(x, top + BOUTS - 3, w - (w > 3 ? 1 : 0), 3); }
        const room = Math.min(x + w, GUTTER + this.wide) - Math.max(x, GUTTER) - 8;
        if (room > 18 && c.measureText(look.name).width <= room) {
          const left = Math.max(x, GUTTER) + 4;
          if (over) { c.fillStyle = look.colour; c.fillRect(left - 2, top + 5, c.measureText(look.name).width + 4, BOUTS - 10); }
          c.fillStyle = look.ink; c.fillText(look.name, left, top + BOUTS / 2 + 0.5);
        }
        c.globalAlpha = 1;
      });
      this.stretches(row.clip_start, row.clip_end, (x, w, at) => { c.fillStyle = at % 2 ? "#8a939c" : "#c3cad2"; c.fillRect(x, top + BOUTS + 1, Math.max(w - 0.5, 0.5), CLIPS - 2); });
      c.restore();
    }
    stretches(starts, ends, paint) {
      for (let at = Math.max(before(starts, this.from) - 3, 0); at < starts.length && starts[at] < this.to; at++) {
        if (ends[at] + 1 <= this.from) continue;
        const x = this.x(starts[at]);
        paint(x, Math.max(this.x(ends[at] + 1) - x, 0.7), at);
      }
    }
    map(c) {
      const top = this.mapTop, all = (frame) => GUTTER + frame / this.r.frames * this.wide;
      this.r.rows.forEach((row, n) => {
        const y = top + n * (MAP + 1);
        c.fillStyle = GROUND; c.fillRect(GUTTER, y, this.wide, MAP);
        row.start.forEach((start, at) => {
          if (chosen !== null && chosen !== row.label[at]) return;
          c.fillStyle = data.labels[row.label[at]].colour;
          c.fillRect(all(start), y, Math.max(all(row.end[at] + 1) - all(start), 0.7), MAP);
        });
      });
      if (this.to - this.from < this.r.frames) {
        c.strokeStyle = INK; c.lineWidth = 1.5;
        c.strokeRect(all(this.from), top - 2.5, all(this.to) - all(this.from), this.r.rows.length * (MAP + 1) + 4);
      }
      c.font = "11px system-ui, sans-serif"; c.fillStyle = SOFT; c.textAlign = "left";
      c.fillText("whole video", 2, top + this.r.rows.length * (MAP + 1) / 2);
    }
  }

  document.querySelectorAll("canvas[data-recording]").forEach((canvas) => {
    const view = new View(canvas, data.recordings[Number(canvas.dataset.recording)]);
    views.push(view);
    canvas.parentElement.querySelectorAll("button[data-zoom]").forEach((button) => button.addEventListener("click", () => {
      if (button.dataset.zoom === "all") view.show(0, view.r.frames); else view.zoom(Number(button.dataset.zoom));
    }));
  });
  document.querySelectorAll("button[data-label]").forEach((button) => button.addEventListener("click", () => {
    const label = Number(button.dataset.label);
    chosen = chosen === label ? null : label;
    document.querySelectorAll("button[data-label]").forEach((one) => one.setAttribute("aria-pressed", String(Number(one.dataset.label) === chosen)));
    views.forEach((view) => view.draw());
  }));
  window.behaviorTimeline = {
    go(recording, row, start, end) {
      const view = views[recording], around = 8 * view.r.fps;
      view.found = { row, start, end };
      view.show(start - around, end + around);
      view.canvas.scrollIntoView({ block: "center" });
      view.canvas.focus({ preventScroll: true });
    },
  };
})();
