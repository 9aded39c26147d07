import type { Behaviour, UsageNumbers } from './behaviour.js';
import type { RecordedRequest } from './recording-server.js';

/** What a request asks of an LLM endpoint. */
export interface Call {
  /** From the body, or the path where it is in the path; the empty string where nothing names one. */
  readonly model: string;
  readonly stream: boolean;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A tool call to make instead of an answer in words. */
export interface ToolCall {
  readonly name: string;
  /** JSON. */
  readonly arguments: string;
}

/** What the body of an answer says. */
export interface Said {
  readonly model: string;
  readonly text: string;
  readonly usage: UsageNumbers | null;
  readonly tool: ToolCall | null;
  /** Content chunks, in the numbering of a stream's events; 0 for an endless one. */
  readonly chunks: number;
}

const WORDS = ['The ', 'gateway ', 'swapped ', 'the ', 'key. '] as const;

export const word = (index: number): string => WORDS[index % WORDS.length] ?? '';

function sentence(chunks: number): string {
  return Array.from({ length: Number.isFinite(chunks) ? chunks : WORDS.length }, (_, i) => word(i)).join('');
}

export function said(call: Call, behaviour: Behaviour): Said {
  const { chunks, usage } = behaviour;
  return {
    model: call.model,
    text: sentence(chunks),
    usage,
    tool: toolCall(call.fields, behaviour),
    chunks: Number.isFinite(chunks) ? chunks : 0,
  };
}

/** As a recorded request's body and path say it; null when the body is neither a JSON object nor a form. */
export async function readCall(request: RecordedRequest, modelInPath: string): Promise<Call | null> {
  const type = request.header('content-type');
  const fields = type.startsWith('multipart/form-data')
    ? await formFields(request.body, type)
    : jsonFields(request);
  if (fields === null) return null;
  const named = fields['model'];
  const model = typeof named === 'string' && named !== '' ? named : modelInPath;
  return { model, stream: fields['stream'] === true || fields['stream'] === 'true', fields };
}

function jsonFields(request: RecordedRequest): Record<string, unknown> | null {
  try {
    const fields = request.json();
    return typeof fields === 'object' && fields !== null ? (fields as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

async function formFields(body: Buffer, type: string): Promise<Record<string, unknown> | null> {
  try {
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- slow for large bodies, and these are a test's
    const form = await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData();
    return Object.fromEntries(form);
  } catch {
    return null;
  }
}

function toolCall(fields: Call['fields'], { tool, toolArguments }: Behaviour): ToolCall | null {
  if (tool === undefined || !offers(fields['tools'], tool) || endsWithToolResult(fields)) return null;
  return { name: tool, arguments: JSON.stringify(toolArguments) };
}

/** Chat nests the name in `function`, responses and messages have it at the tool, Gemini in `functionDeclarations`. */
function offers(tools: unknown, name: string): boolean {
  return Array.isArray(tools) && JSON.stringify(tools).includes(`"name":${JSON.stringify(name)}`);
}

/** Whether the last thing said is a tool's result, in any of the protocols. */
function endsWithToolResult(fields: Call['fields']): boolean {
  const said = fields['messages'] ?? fields['input'] ?? fields['contents'];
  if (!Array.isArray(said)) return false;
  const last = JSON.stringify(said.at(-1) ?? null);
  return /"(role":"tool|type":"function_call_output|type":"tool_result|functionResponse)"/.test(last);
}
