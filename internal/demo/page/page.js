"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const keep = { passes: 12, alerts: 8 };

  // Fragments come from the server's own templates, which escape what they show.
  const put = (list, id, html) => {
    const t = document.createElement("template");
    t.innerHTML = html;
    const node = t.content.firstElementChild;
    const old = $(id);
    if (old) {
      old.replaceWith(node);
    } else {
      node.classList.add("fresh");
      $(list).prepend(node);
    }
    while ($(list).children.length > keep[list]) $(list).lastElementChild.remove();
  };

  const svg = (name, attrs, text) => {
    const e = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const k in attrs) e.setAttribute(k, attrs[k]);
    if (text) e.textContent = text;
    return e;
  };

  let busy = false;
  const frame = $("frame");
  const show = (f) => {
    if (busy || document.hidden) return;
    busy = true;
    const next = new Image();
    next.onload = () => {
      frame.src = next.src;
      $("boxes").replaceChildren(...(f.boxes || []).flatMap((b) => {
        const cls = b.listed ? "listed" : "";
        const poly = svg("polygon", { points: b.corners.map((c) => c.join(",")).join(" "), class: cls });
        return b.text ? [poly, svg("text", { x: b.corners[0][0], y: b.corners[0][1] - 10 }, b.text)] : [poly];
      }));
      busy = false;
    };
    next.onerror = () => { busy = false; };
    next.src = "frame/" + f.n + ".jpg";
  };

  const left = (ms) => {
    const s = Math.max(0, Math.floor(ms / 1000));
    if (s === 0) return "gone";
    const d = Math.floor(s / 86400), p = (v) => String(v).padStart(2, "0");
    return "in " + (d ? d + " d " : "") + p(Math.floor(s / 3600) % 24) + ":" + p(Math.floor(s / 60) % 60) + ":" + p(s % 60);
  };
  const tick = () => {
    for (const e of document.querySelectorAll("[data-until]")) e.textContent = left(e.dataset.until - Date.now());
  };
  tick();
  setInterval(tick, 1000);

  const events = new EventSource("events");
  const link = (ok, text) => { $("link").className = ok ? "" : "lost"; $("link").textContent = text; };
  events.onopen = () => link(true, "connected");
  events.onerror = () => link(false, "the demo has ended");
  const on = (name, f) => events.addEventListener(name, (e) => f(JSON.parse(e.data)));
  on("frame", show);
  on("pass", (p) => put("passes", p.id, p.html));
  on("alert", (a) => put("alerts", a.id, a.html));
  on("stored", (s) => { $("stored").innerHTML = s.html; tick(); });
})();
