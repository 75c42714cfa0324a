/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.bench;

import io.djlosses.examples.catalog.Size;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.TensorFlow;
import org.tensorflow.framework.losses.BinaryCrossentropy;
import org.tensorflow.framework.losses.CategoricalCrossentropy;
import org.tensorflow.framework.losses.CosineSimilarity;
import org.tensorflow.framework.losses.Hinge;
import org.tensorflow.framework.losses.Huber;
import org.tensorflow.framework.losses.KLDivergence;
import org.tensorflow.framework.losses.MeanAbsoluteError;
import org.tensorflow.framework.losses.MeanSquaredError;
import org.tensorflow.framework.losses.impl.AbstractLoss;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.ndarray.buffer.FloatDataBuffer;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.types.TFloat32;

import java.util.List;
import java.util.Map;

/** The losses of tensorflow-framework, in a graph with its gradient. */
final class TensorFlowPeer implements Peer {

    private static final Map<String, AbstractLoss> LOSSES =
            Map.of(
                    "MSELoss", new MeanSquaredError(),
                    "L1Loss", new MeanAbsoluteError(),
                    "HuberLoss", new Huber(),
                    "BCEWithLogitsLoss", new BinaryCrossentropy(true),
                    "HingeLoss", new Hinge(),
                    "KLDivLoss", new KLDivergence(),
                    "CrossEntropyLoss", new CategoricalCrossentropy(true),
                    "CosineSimilarityLoss", new CosineSimilarity());

    private final ConfigProto options;

    TensorFlowPeer(int threads) {
        options =
                ConfigProto.newBuilder()
                        .setIntraOpParallelismThreads(threads)
                        .setInterOpParallelismThreads(threads)
                        .build();
    }

    @Override
    public String version() {
        return Peer.version("org.tensorflow", "tensorflow-framework")
                + " on TensorFlow "
                + TensorFlow.version();
    }

    @Override
    public Map<String, Step> steps(Row row, Size size, Input input) {
        AbstractLoss loss = LOSSES.get(row.loss());
        Scale scale =
                switch (row.loss()) {
                    case "KLDivLoss" -> new Scale(1.0 / input.columns(), 0, 1.0 / input.columns());
                    case "CosineSimilarityLoss" -> new Scale(1, 1, 1);
                    default -> Scale.NONE;
                };
        return loss == null ? Map.of() : Map.of("TensorFlow", new GraphStep(loss, scale, input));
    }

    private final class GraphStep implements Step {

        private final Scale scale;
        private final TFloat32 labels;
        private final TFloat32 predictions;
        private final Graph graph = new Graph();
        private final Session session = new Session(graph, options);
        private final Placeholder<TFloat32> label;
        private final Placeholder<TFloat32> prediction;
        private final Operand<TFloat32> value;
        private final Operand<TFloat32> gradient;

        GraphStep(AbstractLoss loss, Scale scale, Input input) {
            this.scale = scale;
            Shape shape = Shape.of(input.rows(), input.columns());
            labels = TFloat32.tensorOf(shape, DataBuffers.of(input.labels()));
            predictions = TFloat32.tensorOf(shape, DataBuffers.of(input.predictions()));
            Ops ops = Ops.create(graph);
            label = ops.placeholder(TFloat32.class, Placeholder.shape(shape));
            prediction = ops.placeholder(TFloat32.class, Placeholder.shape(shape));
            value = loss.call(ops, label, prediction);
            gradient = ops.gradients(value, List.of(prediction)).dy(0);
        }

        @Override
        public double[] run(int... places) {
            try (Result result =
                    session.runner()
                            .feed(label.asOutput(), labels)
                            .feed(prediction.asOutput(), predictions)
                            .fetch(value)
                            .fetch(gradient)
                            .run()) {
                FloatDataBuffer numbers = result.get(1).asRawTensor().data().asFloats();
                return scale.outcome(
                        ((TFloat32) result.get(0)).getFloat(), numbers::getFloat, places);
            }
        }

        @Override
        public void close() {
            session.close();
            graph.close();
            labels.close();
            predictions.close();
        }
    }
}
