/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/**
 * Losses for learning embeddings from pairs and triplets, and the distances and similarities that
 * they use.
 */
@NullMarked
package io.djlosses.embedding;

import org.jspecify.annotations.NullMarked;
