// Looks at a report in a frame, as a reader with a narrow or a wide window would see it, and lists
// what nobody should have to put up with.
function check(frame, name) {
  const view = frame.contentWindow, page = frame.contentDocument;
  const found = [];
  const say = (what, node) => found.push(`${name}: ${what}: ${node ? node.outerHTML.slice(0, 200) : ''}`);
  page.querySelectorAll('details').forEach(d => { d.open = true; });
  const all = [...page.querySelectorAll('*')];

  // Nothing runs, nothing comes from elsewhere.
  if (page.scripts.length) say('a script', page.scripts[0]);
  const ids = new Set();
  for (const e of all) {
    for (const a of e.attributes) {
      if (/^on/i.test(a.name)) say('an event handler', e);
      if (/^(src|srcset|href|xlink:href|action|data)$/i.test(a.name)) say('a reference', e);
    }
    if (e.id) {
      if (ids.has(e.id)) say('an id twice', e);
      ids.add(e.id);
    }
  }

  // No missing data.
  const words = page.createTreeWalker(page.body, NodeFilter.SHOW_TEXT);
  while (words.nextNode()) {
    const text = words.currentNode.data;
    if (/\b(NaN|undefined|null|Infinity|inf)\b/.test(text)) say('missing data', words.currentNode.parentElement);
  }

  // Readable without seeing it.
  let rank = 0;
  for (const h of page.querySelectorAll('h1, h2, h3, h4')) {
    const own = Number(h.tagName[1]);
    if (own > rank + 1) say('a heading out of order', h);
    rank = own;
  }
  if (page.querySelectorAll('h1').length !== 1) say('not one h1');
  if (!page.documentElement.lang || !page.title) say('no language or title');
  for (const t of page.querySelectorAll('table')) {
    if (!t.caption || !t.caption.innerText.trim()) say('no caption', t);
    if (t.querySelector('th:not([scope])')) say('a heading without scope', t);
  }
  for (const s of page.querySelectorAll('svg')) {
    const named = (s.getAttribute('aria-labelledby') || '').split(' ');
    const known = named.map(id => page.getElementById(id)).filter(n => n && n.textContent.trim());
    if (s.getAttribute('role') !== 'img' || known.length !== 2) say('a picture without description', s);
    if (!s.closest('figure')) say('a picture outside of a figure', s);
  }
  for (const s of page.querySelectorAll('.scroll')) {
    if (s.tabIndex !== 0 || !s.getAttribute('aria-label')) say('cannot be reached with the keyboard', s);
  }

  // Nothing wider than its place but what is meant to scroll.
  const root = page.documentElement;
  if (root.scrollWidth > root.clientWidth) say(`the page scrolls sideways, ${root.scrollWidth} over ${root.clientWidth}`);
  for (const e of page.body.querySelectorAll('*')) {
    if (e.closest('svg') || e.classList.contains('scroll')) continue;
    if (e.clientWidth && e.scrollWidth > e.clientWidth + 1) say(`overflow, ${e.scrollWidth} over ${e.clientWidth}`, e);
  }

  // Texts of pictures: within them, large enough, clear of each other.
  for (const svg of page.querySelectorAll('svg')) {
    const box = svg.getBoundingClientRect();
    const scale = box.width / svg.viewBox.baseVal.width;
    const texts = [...svg.querySelectorAll('text')].map(t => [t, t.getBoundingClientRect()]);
    texts.forEach(([t, r], i) => {
      if (r.left < box.left - 1 || r.right > box.right + 1 || r.top < box.top - 1 || r.bottom > box.bottom + 1) {
        say('text outside of its picture', t);
      }
      if (parseFloat(view.getComputedStyle(t).fontSize) * scale < 9) say('text too small', t);
      for (const [other, o] of texts.slice(i + 1)) {
        const wide = Math.min(r.right, o.right) - Math.max(r.left, o.left);
        const high = Math.min(r.bottom, o.bottom) - Math.max(r.top, o.top);
        if (wide > 2 && high > 3 * scale) say(`text over "${other.textContent}"`, t);
      }
    });
  }

  // Contrast of 4.5 to 1.
  const channels = color => (color.match(/[\d.]+/g) || []).map(Number);
  const luminance = color => {
    const [r, g, b] = channels(color).map(c => {
      const s = c / 255;
      return s <= 0.03928 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = e => {
    for (let at = e; at; at = at.parentElement) {
      const color = view.getComputedStyle(at).backgroundColor;
      const alpha = channels(color)[3];
      if (alpha === undefined || alpha > 0) return color;
    }
    return 'rgb(255, 255, 255)';
  };
  const low = new Set();
  for (const e of page.body.querySelectorAll('*')) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
    if (!own || ['title', 'desc', 'TITLE'].includes(e.tagName)) continue;
    const style = view.getComputedStyle(e);
    const ink = e.tagName === 'text' ? style.fill : style.color;
    const [a, b] = [luminance(ink), luminance(ground(e))].sort((x, y) => y - x);
    const key = `${ink} on ${ground(e)}`;
    if ((a + 0.05) / (b + 0.05) < 4.5 && !low.has(key)) {
      low.add(key);
      say(`too little contrast, ${key}`, e);
    }
  }
  return { found: found.slice(0, 20), elements: all.length, ground: ground(page.body) };
}

const result = {};
for (const [name, width] of [['wide', 1280], ['narrow', 360]]) {
  const frame = document.createElement('iframe');
  frame.style = `width: ${width}px; height: 900px; border: 0`;
  frame.onload = () => {
    try {
      result[name] = check(frame, name);
    } catch (error) {
      result[name] = { found: [`the check failed: ${error}`], elements: 0 };
    }
    if (Object.keys(result).length === 2) {
      const out = document.createElement('pre');
      out.id = 'result';
      out.textContent = encodeURIComponent(JSON.stringify(result));
      document.body.replaceChildren(out);
    }
  };
  frame.srcdoc = PAGE;
  document.body.append(frame);
}
