/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/** What fast readings of losses are written with. Internal: may change in any release. */
@NullMarked
package io.djlosses.internal.fast;

import org.jspecify.annotations.NullMarked;
