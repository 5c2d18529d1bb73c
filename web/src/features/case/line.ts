/** A case as a line: its clock, flags and words. */
import {
  Bot, Building2, Camera, Car, Cctv, CornerDownRight, Drone, FileText, Globe, Landmark, Megaphone, Newspaper, Phone, Radio, Server, Shield, Smartphone, UserRoundSearch,
} from '@lucide/vue'
import type { Component } from 'vue'
import { t, tCode, tn } from '@/i18n'
import type { ClockState } from '@/ui/time'
import type { CaseLine, ClockView } from './types'
import { say, sayCode } from './words'

const SOURCE_ICONS: Record<string, Component> = {
  collector: UserRoundSearch, hotline: Phone, city_hotline: Phone, citizen_web: Globe, citizen_app: Smartphone, open311: Globe, media: Newspaper, leader: Landmark,
  petition: FileText, video: Cctv, ai: Bot, sensor: Radio, vehicle: Car, drone: Drone, police: Shield, upper_platform: Server, lower_platform: Server,
  department: Building2, parent: CornerDownRight,
}
export const sourceIcon = (source: string): Component => SOURCE_ICONS[source] ?? (source.includes('photo') ? Camera : Megaphone)

/** The clock that decides the light. Office hours are the server's to count, so only natural time runs on here. */
export function clockOf(line: CaseLine, asOf: number): ClockState {
  if (line.ended_at !== null) return { light: 'done' }
  return {
    light: line.paused ? 'grey' : line.light,
    remainingMs: line.left_ms,
    kind: line.left_unit === 'work' ? 'working' : 'natural',
    dayMs: line.day_ms,
    asOf,
    running: !line.paused && line.left_unit === 'natural',
  }
}
export function clockOfView(clock: ClockView, dayMs: number, asOf: number): ClockState {
  if (clock.ended_at !== null) return { light: 'done' }
  return {
    light: clock.paused ? 'grey' : clock.light,
    remainingMs: clock.left_ms,
    kind: clock.left_unit === 'work' ? 'working' : 'natural',
    dayMs: clock.left_unit === 'work' ? dayMs : 86_400_000,
    asOf,
    running: !clock.paused && clock.left_unit === 'natural',
  }
}

export interface Flag {
  label: string
  tone?: 'red' | 'yellow' | 'green' | 'info'
}
/** What sets the case apart, most pressing first. */
export function flagsOf(line: CaseLine): Flag[] {
  const flags: Flag[] = []
  if (line.urgent) flags.push({ label: t('case.flag.urgent'), tone: 'red' })
  if (line.major) flags.push({ label: t('case.flag.major'), tone: 'red' })
  if (line.urged_times > 0) flags.push({ label: t('case.flag.urged', { n: line.urged_times }), tone: 'yellow' })
  if (line.reworks > 0) flags.push({ label: t('case.flag.rework', { n: line.reworks }), tone: 'yellow' })
  if (line.returns > 0) flags.push({ label: t('case.flag.returned', { n: line.returns }) })
  for (const kind of line.approvals) flags.push({ label: t('case.flag.approval', { kind: sayCode('approval', kind) }), tone: 'info' })
  if (line.duplicates > 0) flags.push({ label: tn('case.flag.duplicates', line.duplicates) })
  if (line.children_open > 0) flags.push({ label: tn('case.flag.children', line.children_open) })
  if (line.parent) flags.push({ label: t('case.flag.child') })
  if (line.audit === 'due') flags.push({ label: t('case.flag.audit'), tone: 'info' })
  return flags
}
/** What happened: the first words of the report, else the class. */
export const titleOf = (line: CaseLine): string => line.headline || say(line.class?.name) || line.number
export const placeOf = (line: CaseLine): string => line.address || say(line.street_name) || t('case.no_place')

/** Who has the next move, in words. */
export function waitsFor(line: CaseLine): string | null {
  const next = line.waits_for
  if (!next) return null
  return [say(next.department?.name), say(next.person?.name) || tCode('roles', next.role)].filter(Boolean).join(' · ')
}
/** The line as a screen reader says it. */
export const describe = (line: CaseLine): string =>
  [say(line.class?.name), titleOf(line), placeOf(line), tCode('stages', line.stage), tCode('lights', line.light), ...flagsOf(line).map((flag) => flag.label)].filter(Boolean).join(', ')
