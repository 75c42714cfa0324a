/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/** The losses, all of them reachable from one facade. */
@NullMarked
package io.djlosses;

import org.jspecify.annotations.NullMarked;
