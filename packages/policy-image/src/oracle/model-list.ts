import { sortedDistinct } from '../byte-order.js';

const EPOCH = '1970-01-01T00:00:00Z';

export type ModelListShape = 'openai' | 'anthropic';

/** Body of `GET <path>/models`. */
export function modelList(ids: readonly string[], shape: ModelListShape): unknown {
  const data = sortedDistinct(ids).map((id) => modelEntry(id, shape));
  if (shape === 'openai') return { object: 'list', data };
  const sorted = sortedDistinct(ids);
  return { data, has_more: false, first_id: sorted.at(0) ?? null, last_id: sorted.at(-1) ?? null };
}

/** Body of `GET <path>/models/<id>`. */
export function modelEntry(id: string, shape: ModelListShape): unknown {
  return shape === 'openai'
    ? { id, object: 'model', created: 0, owned_by: 'hiclaw' }
    : { type: 'model', id, display_name: id, created_at: EPOCH };
}
