// What can be measured in a page: gives a list of what is wrong.
(() => {
  const root = document.documentElement, wrong = [];
  const width = Math.max(root.scrollWidth, document.body.scrollWidth);
  if (width > root.clientWidth) {
    const wide = [...document.querySelectorAll('body *')]
      .filter(e => e.getBoundingClientRect().right > root.clientWidth + 1 && !e.closest('.table'));
    wrong.push(`${width} pixels are wider than the window of ${root.clientWidth}: ` +
      wide.slice(0, 3).map(e => `<${e.tagName.toLowerCase()} class=${e.getAttribute('class')}>`).join(', '));
  }
  // What is folded is looked at as well.
  const folded = [...document.querySelectorAll('details:not([open])')];
  folded.forEach(d => d.open = true);
  for (const t of document.querySelectorAll('.table:not(.matrix)')) {
    if (t.scrollWidth > t.clientWidth + 1) wrong.push(`a table has to be scrolled sideways: ${t.getAttribute('aria-label')}`);
  }
  folded.forEach(d => d.open = false);
  if (matchMedia('print').matches) {
    const shown = selector => [...document.querySelectorAll(selector)].filter(e => e.checkVisibility());
    const kept = e => e && (getComputedStyle(e).breakInside === 'avoid' || kept(e.parentElement));
    const cut = shown('tr, pre, figure').find(e => !kept(e));
    if (cut) wrong.push(`the end of a sheet may cut a <${cut.tagName.toLowerCase()}>`);
    const high = shown('img, svg, tr, figure').find(e => e.getBoundingClientRect().height > innerHeight);
    if (high) wrong.push(`a <${high.tagName.toLowerCase()}> is higher than a sheet`);
  }
  if (!root.lang) wrong.push('the page does not say its language');
  if (!document.title) wrong.push('the page has no title');
  if (document.querySelectorAll('h1').length !== 1) wrong.push('the page has not one main heading');
  if (document.scripts.length) wrong.push('the page has scripts');
  for (const i of document.images) {
    if (!i.complete || !i.naturalWidth) wrong.push(`a picture cannot be shown: ${i.alt}`);
    if (!i.alt) wrong.push(`a picture has no text alternative: ${i.src.slice(0, 60)}`);
  }
  for (const s of document.querySelectorAll('svg')) {
    if (!s.getAttribute('aria-label') && !s.querySelector('title')) wrong.push('a drawing has no text alternative');
  }
  const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
  if (new Set(ids).size !== ids.length) wrong.push('two elements have one id');
  for (const e of document.querySelectorAll('p, td, th, dd, dt, figcaption, li, summary, svg text')) {
    const box = e.getBoundingClientRect();
    if (box.width && parseFloat(getComputedStyle(e).fontSize) * (e.tagName === 'text'
        ? e.ownerSVGElement.getBoundingClientRect().width / e.ownerSVGElement.viewBox.baseVal.width : 1) < 8) {
      wrong.push(`too small to read: ${e.textContent.slice(0, 40)}`);
      break;
    }
  }
  // Text and what is behind it: a ratio of 4.5 (WCAG 2, success criterion 1.4.3), 3 for large letters.
  const light = channels => {
    const [r, g, b] = channels.map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const color = text => text.match(/[\d.]+/g).map(Number);
  const behind = e => {
    for (; e; e = e.parentElement) {
      const [r, g, b, opaque = 1] = color(getComputedStyle(e).backgroundColor);
      if (opaque > 0) return [r, g, b];
    }
    return [255, 255, 255];
  };
  if (matchMedia('print').matches && light(behind(document.body)) < 0.5) wrong.push('dark paper is printed');
  const hasText = e => [...e.childNodes].some(n => n.nodeType === Node.TEXT_NODE && n.textContent.trim());
  for (const e of document.querySelectorAll('body *:not(svg *)')) {
    if (!hasText(e) || !e.checkVisibility()) continue;
    const style = getComputedStyle(e);
    const [low, high] = [light(color(style.color).slice(0, 3)), light(behind(e))].sort((a, b) => a - b);
    const ratio = (high + 0.05) / (low + 0.05);
    if (ratio < (parseFloat(style.fontSize) >= 24 ? 3 : 4.5)) {
      wrong.push(`hard to read, with a contrast of ${ratio.toFixed(1)}: ${e.textContent.trim().slice(0, 40)}`);
      break;
    }
  }
  return wrong;
})()
