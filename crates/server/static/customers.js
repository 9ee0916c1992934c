// The customers' page: its filter and its rail.

import "./filter_box.js";
import "./rail.js";
