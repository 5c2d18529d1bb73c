/** The loop as a drawing: where each stage stands, and what leads from one to the next. Times and people come from the procedure. */
import type { ApprovalKind, Procedure, Role, StageLimit } from '@/records/types'

export interface Node {
  stage: string
  x: number
  y: number
  /** Ends of a case are drawn lighter. */
  end?: boolean
}
export interface Edge {
  from: string
  to: string
  step: string
  /** The limit of the procedure that runs until this step is taken. */
  limit?: StageLimit
  /** The class's own limit runs here. */
  own?: boolean
  /** An approval stands before it. */
  approval?: ApprovalKind
}
export const COLUMN = 236
export const ROW = 116
export const BOX = { width: 120, height: 36 }
const MARGIN = { left: 8, right: 72, top: 12, bottom: 12 }

export const nodes: readonly Node[] = [
  { stage: 'declined', x: 1, y: 0, end: true },
  { stage: 'cancelled', x: 3, y: 0, end: true },
  { stage: 'withdrawn', x: 4, y: 0, end: true },
  { stage: 'suspended', x: 5, y: 0 },
  { stage: 'confirming', x: 2, y: 0 },
  { stage: 'reported', x: 1, y: 1 },
  { stage: 'accepted', x: 2, y: 1 },
  { stage: 'filed', x: 3, y: 1 },
  { stage: 'dispatched', x: 4, y: 1 },
  { stage: 'handling', x: 5, y: 1 },
  { stage: 'self_handled', x: 0, y: 1 },
  { stage: 'closed_self_handled', x: 0, y: 2, end: true },
  { stage: 'closed', x: 1, y: 2, end: true },
  { stage: 'verified', x: 2, y: 2 },
  { stage: 'verifying', x: 3, y: 2 },
  { stage: 'ready_to_verify', x: 4, y: 2 },
  { stage: 'replied', x: 5, y: 2 },
]
export const edges: readonly Edge[] = [
  { from: 'reported', to: 'accepted', step: 'accept', limit: 'accept' },
  { from: 'reported', to: 'confirming', step: 'request_confirmation', limit: 'confirm' },
  { from: 'reported', to: 'declined', step: 'decline' },
  { from: 'accepted', to: 'filed', step: 'file', limit: 'file' },
  { from: 'filed', to: 'dispatched', step: 'dispatch', limit: 'dispatch' },
  { from: 'filed', to: 'cancelled', step: 'approve_cancellation', approval: 'cancellation' },
  { from: 'dispatched', to: 'handling', step: 'sign_for', limit: 'sign' },
  { from: 'dispatched', to: 'withdrawn', step: 'approve_withdrawal', approval: 'withdrawal' },
  { from: 'handling', to: 'replied', step: 'reply', own: true },
  { from: 'handling', to: 'suspended', step: 'approve_suspension', approval: 'suspension' },
  { from: 'handling', to: 'filed', step: 'approve_return', approval: 'return' },
  { from: 'replied', to: 'ready_to_verify', step: 'pass_on', limit: 'review' },
  { from: 'ready_to_verify', to: 'verifying', step: 'request_verification', limit: 'send_verification' },
  { from: 'verifying', to: 'verified', step: 'answer_verification', limit: 'verify' },
  { from: 'verified', to: 'closed', step: 'close', limit: 'close' },
  { from: 'verified', to: 'handling', step: 'order_rework' },
  { from: 'self_handled', to: 'closed_self_handled', step: 'pass_self_handled', limit: 'audit_self_handled' },
]

const at = (stage: string): Node => nodes.find((node) => node.stage === stage) as Node
export const centre = (node: Node): { x: number; y: number } => ({ x: node.x * COLUMN + BOX.width / 2 + MARGIN.left, y: node.y * ROW + BOX.height / 2 + MARGIN.top })
export const size = { width: 5 * COLUMN + BOX.width + MARGIN.left + MARGIN.right, height: 2 * ROW + BOX.height + MARGIN.top + MARGIN.bottom }

export interface Drawn {
  edge: Edge
  path: string
  /** Words stand beside upright lines and on level ones. */
  label: { x: number; y: number; beside: boolean }
}
/** The line of an edge from border to border, and where its words stand. */
export function draw(edge: Edge): Drawn {
  const [a, b] = [centre(at(edge.from)), centre(at(edge.to))]
  const half = { x: BOX.width / 2, y: BOX.height / 2 }
  if (edge.step === 'request_confirmation') {
    const y = (a.y + b.y) / 2 + 14
    return { edge, path: `M ${a.x + 32} ${a.y - half.y} V ${y} H ${b.x} V ${b.y + half.y}`, label: { x: b.x + 6, y: y - 12, beside: true } }
  }
  if (edge.step === 'approve_return') {
    const y = a.y + half.y + 18
    return { edge, path: `M ${a.x - 36} ${a.y + half.y} V ${y} H ${b.x} V ${b.y + half.y}`, label: { x: (a.x + b.x) / 2, y: y + 16, beside: false } }
  }
  if (edge.step === 'order_rework') {
    const y = a.y - half.y - 16
    return { edge, path: `M ${a.x} ${a.y - half.y} V ${y} H ${b.x - 18} V ${b.y + half.y}`, label: { x: a.x + 84, y: y - 2, beside: false } }
  }
  if (a.y === b.y) {
    const turn = Math.sign(b.x - a.x)
    return { edge, path: `M ${a.x + turn * half.x} ${a.y} L ${b.x - turn * half.x} ${b.y}`, label: { x: (a.x + b.x) / 2, y: a.y, beside: false } }
  }
  const turn = Math.sign(b.y - a.y)
  return { edge, path: `M ${a.x} ${a.y + turn * half.y} L ${b.x} ${b.y - turn * half.y}`, label: { x: a.x + 6, y: (a.y + b.y) / 2 + (turn > 0 ? 4 : 0), beside: true } }
}

/** Who answers the first request of a kind, step after step of its chain. */
export const firstChain = (procedure: Procedure, kind: ApprovalKind): Role[][] => procedure.approvals[kind]?.[0]?.chain ?? []
/** The channels that take a step by themselves. */
export function automatic(procedure: Procedure, step: string): string[] {
  const channels = procedure.fast_channels.filter((channel) => (step === 'file' && channel.file) || (step === 'dispatch' && channel.dispatch)).map((channel) => channel.name)
  return channels
}
