/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.ParameterList;
import ai.djl.training.ParameterStore;
import ai.djl.training.loss.Loss;
import ai.djl.util.PairList;

import org.jspecify.annotations.Nullable;

import java.util.function.Function;

/** A penalty on the predictions, as if they were the parameters of a block. */
final class Penalty extends Loss {

    private final Holder holder = new Holder();
    private final Loss loss;

    Penalty(Function<Block, Loss> maker) {
        super("Penalty");
        loss = maker.apply(holder);
    }

    @Override
    public NDArray evaluate(NDList labels, NDList predictions) {
        holder.held.clear();
        holder.held.add(
                "weight",
                Parameter.builder()
                        .setName("weight")
                        .setType(Parameter.Type.WEIGHT)
                        .optArray(predictions.head())
                        .build());
        return loss.evaluate(labels, predictions);
    }

    /** A block of one parameter. */
    private static final class Holder extends AbstractBlock {

        private final ParameterList held = new ParameterList();

        @Override
        public ParameterList getParameters() {
            return held;
        }

        @Override
        protected NDList forwardInternal(
                ParameterStore store,
                NDList inputs,
                boolean training,
                @Nullable PairList<String, Object> options) {
            return inputs;
        }

        @Override
        public Shape[] getOutputShapes(Shape[] inputShapes) {
            return inputShapes;
        }

        @Override
        protected void initializeChildBlocks(
                NDManager manager, DataType dataType, Shape... inputShapes) {}
    }
}
