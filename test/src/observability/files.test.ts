import { describe, expect, it } from 'vitest';
import { type Panel, readAlerts, readDashboard, readExpressions } from './files.js';
import { readPromQl } from './promql.js';

const COLUMNS = 24;

function overlap(a: Panel, b: Panel): boolean {
  const [p, q] = [a.gridPos, b.gridPos];
  return p.x < q.x + q.w && q.x < p.x + p.w && p.y < q.y + q.h && q.y < p.y + p.h;
}

describe('the dashboard', () => {
  const dashboard = readDashboard();
  const { panels } = dashboard;

  it('has what Grafana wants: ids once, a grid without overlap, a data source to choose', () => {
    expect(dashboard.uid).toBe('hiclaw');
    expect(dashboard.schemaVersion).toBeGreaterThanOrEqual(36);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(panels.every(({ id }) => Number.isInteger(id) && id > 0)).toBe(true);
    for (const [index, panel] of panels.entries()) {
      const { x, y, w, h } = panel.gridPos;
      expect([x, y, w, h].every((n) => Number.isInteger(n) && n >= 0) && w > 0 && h > 0, panel.title).toBe(
        true,
      );
      expect(x + w, panel.title).toBeLessThanOrEqual(COLUMNS);
      for (const other of panels.slice(index + 1)) {
        expect(overlap(panel, other), `${panel.title} and ${other.title}`).toBe(false);
      }
    }
    expect(dashboard.templating.list[0]).toMatchObject({
      name: 'datasource',
      type: 'datasource',
      query: 'prometheus',
    });
  });

  it('asks the chosen data source, and says what it shows', () => {
    const chosen = { type: 'prometheus', uid: '${datasource}' };
    for (const { type, title, datasource, targets = [] } of panels) {
      expect(title).not.toBe('');
      if (type === 'row') continue;
      expect(datasource, title).toEqual(chosen);
      expect(targets.length, title).toBeGreaterThan(0);
      expect(new Set(targets.map(({ refId }) => refId)).size, title).toBe(targets.length);
      for (const target of targets) {
        expect(target.datasource).toEqual(chosen);
        expect(target.legendFormat, title).not.toBe('');
        const named = [...target.legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label);
        const { metrics, grouped } = readPromQl(target.expr);
        // A legend can only name what the result has; a bare selector keeps all its labels.
        if (/\bby \(/.test(target.expr))
          expect(
            named.filter((label) => !grouped.includes(label)),
            title,
          ).toEqual([]);
        expect(metrics.length).toBeGreaterThan(0);
      }
    }
  });

  it('uses no variable that it does not have', () => {
    const known = new Set([...dashboard.templating.list.map(({ name }) => name), '__rate_interval']);
    for (const { expression } of readExpressions()) {
      const used = [...expression.matchAll(/\$\{?(\w+)/g)].map(([, name = '']) => name);
      expect(used.filter((name) => !known.has(name))).toEqual([]);
    }
  });
});

describe('the alerts', () => {
  it('have a name of their own, a severity and a summary', () => {
    const alerts = readAlerts();
    expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length);
    for (const { alert, labels, annotations, expr } of alerts) {
      expect(alert).toMatch(/^Hiclaw[A-Za-z]+$/);
      expect(['warning', 'critical']).toContain(labels['severity']);
      expect(annotations['summary'], alert).toBeTruthy();
      const { grouped } = readPromQl(expr);
      const text = Object.values(annotations).join(' ');
      const named = [...text.matchAll(/\$labels\.(\w+)/g)].map(([, label = '']) => label);
      if (/\bby \(/.test(expr))
        expect(
          named.filter((label) => !grouped.includes(label)),
          alert,
        ).toEqual([]);
    }
  });
});
