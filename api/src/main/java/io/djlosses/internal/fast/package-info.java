/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/**
 * Tools for fast readings of losses: scripts, and operations on constants. Internal: may change in
 * any release.
 */
@org.jspecify.annotations.NullMarked
package io.djlosses.internal.fast;
