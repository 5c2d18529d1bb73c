/** How a feature says which screens it has and where they stand in the rail. */
import type { Component } from 'vue'
import type { RouteRecordRaw } from 'vue-router'
import type { MessageKey } from '@/i18n'

declare module 'vue-router' {
  interface RouteMeta {
    /** Without the frame: sign-in, print. */
    bare?: boolean
    /** Title of the tab. */
    title?: MessageKey
  }
}

export interface RailEntry {
  to: string
  /** Other screens of the same duty, by how their paths begin. */
  also?: readonly string[]
  label: MessageKey
  icon: Component
  /** The letter after `g`; unique. */
  go?: string
  /** Place from the top: my work 10, map 20, cases 30, things 40, monitoring 50, evaluation 60, administration 70. */
  order: number
  /** Roles that have it; everyone signed in when left out. */
  roles?: readonly string[]
}

export interface ScreenModule {
  screens: RouteRecordRaw[]
  rail?: RailEntry[]
}

export function collectScreens(modules: Record<string, ScreenModule>): { screens: RouteRecordRaw[]; rail: RailEntry[] } {
  const all = Object.values(modules)
  return {
    screens: all.flatMap((module) => module.screens),
    rail: all.flatMap((module) => module.rail ?? []).sort((a, b) => a.order - b.order),
  }
}
