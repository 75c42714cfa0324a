/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.bench;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import ai.djl.training.loss.Loss;

import io.djlosses.distribution.KLDivLoss;
import io.djlosses.examples.catalog.Size;
import io.djlosses.nd.Nd;

import java.nio.FloatBuffer;
import java.util.Map;

/** Our losses on PyTorch. */
final class DjlPeer implements Peer {

    private final Engine engine = Engine.getEngine("PyTorch");

    @Override
    public String version() {
        return Peers.OURS + " on " + engine.getEngineName() + " " + engine.getVersion();
    }

    @Override
    public Map<String, Step> steps(Row row, Size size, Input input) {
        Loss loss = row.make(builder -> {}, row.dims(size));
        return Map.of(Peers.OURS, new Evaluation(engine, loss, input));
    }

    private static final class Evaluation implements Step {

        private final Engine engine;
        private final Loss loss;
        private final NDManager manager;
        private final NDArray label;
        private final NDArray prediction;
        private NDManager temporary;
        private NDArray leaf;

        Evaluation(Engine engine, Loss loss, Input input) {
            this.engine = engine;
            this.loss = loss;
            manager = engine.newBaseManager(Device.cpu());
            Shape shape = new Shape(input.rows(), input.columns());
            label = Nd.create(manager, input.labels(), shape);
            prediction = Nd.create(manager, input.predictions(), shape);
            temporary = manager.newSubManager();
            leaf = prediction;
        }

        @Override
        public void prepare() {
            temporary = manager.newSubManager();
            leaf = prediction.duplicate();
            leaf.attach(temporary);
            leaf.setRequiresGradient(true);
        }

        @Override
        public double[] run(int... places) {
            try (NDManager closing = temporary) {
                NDArray value;
                try (GradientCollector collector = engine.newGradientCollector()) {
                    // The others take probabilities where ours takes their logarithms.
                    NDArray x = loss instanceof KLDivLoss ? leaf.log() : leaf;
                    value = loss.evaluate(new NDList(label), new NDList(x));
                    value.attach(closing);
                    collector.backward(value);
                }
                double number = value.getFloat();
                if (places.length == 0) {
                    return Scale.NONE.outcome(number, place -> 0);
                }
                FloatBuffer gradient = leaf.getGradient().toByteBuffer().asFloatBuffer();
                return Scale.NONE.outcome(number, gradient::get, places);
            }
        }

        @Override
        public void close() {
            manager.close();
        }
    }
}
