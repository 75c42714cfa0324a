/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/**
 * Recording computations as graphs, for engines that run operators by name and graphs of them.
 * Internal: may change in any release.
 */
@org.jspecify.annotations.NullMarked
package io.djlosses.internal.symbolic;
