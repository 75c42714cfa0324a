/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/** What several families of losses compute with. Internal: may change in any release. */
@NullMarked
package io.djlosses.internal.kernel;

import org.jspecify.annotations.NullMarked;
