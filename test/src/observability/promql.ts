import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';

/** What a PromQL expression asks for. */
export interface Asked {
  readonly metrics: readonly string[];
  /** Labels by which series of one metric are chosen. */
  readonly matched: readonly { readonly metric: string; readonly label: string }[];
  /** Labels by which results are grouped, besides `le`. */
  readonly grouped: readonly string[];
}

/** Grafana's variables that stand where PromQL wants something else. */
function withoutVariables(expression: string): string {
  return expression.replaceAll('$__rate_interval', '5m').replaceAll('$replica', '.*');
}

/** @throws SyntaxError for what is not PromQL */
export function readPromQl(expression: string): Asked {
  const text = withoutVariables(expression);
  const metrics: string[] = [];
  const matched: { metric: string; label: string }[] = [];
  const grouped: string[] = [];
  const textOf = (node: SyntaxNode): string => text.slice(node.from, node.to);
  parser.parse(text).iterate({
    enter: ({ node, type }) => {
      if (type.isError) throw new SyntaxError(`not PromQL at ${node.from}: ${text}`);
      if (type.name === 'VectorSelector') {
        const name = node.getChild('Identifier');
        if (name === null) throw new SyntaxError(`a selector without a metric: ${text}`);
        const metric = textOf(name);
        metrics.push(metric);
        const matchers = node.getChild('LabelMatchers');
        for (const matcher of matchers?.getChildren('UnquotedLabelMatcher') ?? []) {
          const label = matcher.getChild('LabelName');
          if (label !== null) matched.push({ metric, label: textOf(label) });
        }
      }
      if (type.name === 'GroupingLabels') {
        grouped.push(...node.getChildren('LabelName').map(textOf));
      }
    },
  });
  return { metrics, matched, grouped: grouped.filter((label) => label !== 'le') };
}
