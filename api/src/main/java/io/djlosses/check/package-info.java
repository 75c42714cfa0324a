/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/** Checks for losses, the library's and anybody's: finite differences and agreement of engines. */
@NullMarked
package io.djlosses.check;

import org.jspecify.annotations.NullMarked;
