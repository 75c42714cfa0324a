/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/** Computations that several families of losses share. Internal: may change in any release. */
@org.jspecify.annotations.NullMarked
package io.djlosses.internal.kernel;
